#include "tests/lab/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int make_device(const char *device)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (ioctl(fd, TUNSETIFF, &request)) {
		rc = -errno;
		close(fd);
	}
	return rc ? rc : fd;
}

/* Enters a namespace; the descriptor of the one before, or -errno. */
static int enter(const char *netns)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), there, rc = 0;
	char path[256];

	if (home < 0)
		return -errno;
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (there < 0 || setns(there, CLONE_NEWNET))
		rc = -errno;
	if (there >= 0)
		close(there);
	if (rc)
		close(home);
	return rc ? rc : home;
}

static int leave(int home)
{
	int rc = setns(home, CLONE_NEWNET) ? -errno : 0;

	close(home);
	return rc;
}

int tun_open(const char *netns, const char *device)
{
	int home = enter(netns), fd, rc;

	if (home < 0)
		return home;
	fd = make_device(device);
	rc = leave(home);
	if (rc && fd >= 0)
		close(fd);
	return rc ? rc : fd;
}

/* Of the line of /proc/net/dev: eight figures of what came in, then bytes, packets, errors and drops. */
static int64_t read_dropped(FILE *file, const char *device)
{
	char line[512], name[IFNAMSIZ];
	long long dropped;

	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " %15[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lld", name,
			    &dropped) == 2 &&
			!strcmp(name, device))
			return dropped;
	return -ENODEV;
}

int64_t tun_dropped(const char *netns, const char *device)
{
	int home = enter(netns);
	FILE *file = home < 0 ? NULL : fopen("/proc/thread-self/net/dev", "re");
	int64_t dropped = file ? read_dropped(file, device) : -ENOENT;

	if (file)
		fclose(file);
	if (home >= 0 && leave(home))
		return -ENOENT;
	return dropped;
}
