/* A tun device in a network namespace: IP packets, one a call. */
#ifndef TESTS_LAB_TUN_H
#define TESTS_LAB_TUN_H

#include <stddef.h>
#include <stdint.h>

/* Makes a device of that name in the namespace /run/netns/NETNS and opens it, not blocking. It goes with the
 * descriptor. The calling thread is in its own namespace again afterwards. The descriptor, or -errno. */
int tun_open(const char *netns, const char *device);

/* Packets that the host sent into the device and the kernel dropped, because nobody read them in time: they
 * are in no count of the link. -errno: not known. */
int64_t tun_dropped(const char *netns, const char *device);

#endif
