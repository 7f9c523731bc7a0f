/* What the tests of the conversation share: one side of it that has come to some point of a test's
 * life, and the messages of the other. */
#ifndef TESTS_SUPPORT_CONTROL_SIDE_H
#define TESTS_SUPPORT_CONTROL_SIDE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/engine/control.h"
#include "proto/sys/clock.h"
#include "tests/support/test.h"

#define REPEAT_NS (UINT64_C(100) * NS_PER_MS)
#define UID       "12345678-1234-4234-8234-123456789abc"
#define GUID      "87654321-4321-4321-8321-cba987654321"

enum { KEY = 26970, CHANNEL = 4711, DATAGRAM = 1000, TEXT = 1024 };

extern const struct test_order order;

enum wire_reject command(struct control *c, uint32_t channel, const char *body, uint64_t now_ns);
enum wire_reject result(struct control *c, uint32_t channel, const char *body, uint64_t now_ns);
enum wire_reject ask(struct control *c, uint32_t channel, uint64_t now_ns);
enum wire_reject acknowledge(struct control *c, uint64_t now_ns);

/* A server's result; `more` are further keys. */
enum wire_reject give_result(
	struct control *c, const char *guid, uint64_t bytes, const char *more, uint64_t now_ns);

enum wire_reject acknowledge_result(struct control *c, const char *guid, uint64_t now_ns);
void work_done(struct control *c, enum mail_kind kind, uint64_t now_ns);
unsigned packets(struct control *c, uint64_t now_ns, struct control_packet *last);

/* Whether the packet acknowledges something. */
bool is_ack(const struct control_packet *packet);

/* The listener, which grants all that it is asked for; returns what it was asked. */
unsigned grant(struct control *c, uint64_t now_ns);

/* The one mail that is owed. */
void assert_mail(struct control *c, enum mail_kind kind);

void assert_no_mail(struct control *c);

/* A client whose test has come to some point of its life, and all that it owed then is sent. */
enum point { ASKING, RUNNING, AWAITING, COMPLETE };

void open_client(struct control *c, enum point point);
void open_server(struct control *c, enum point point, char guid[TEST_UID_BYTES]);
enum test_phase phase(const struct control *c);

#endif
