/* What the two dialects of the conversation share. Internal to control. */
#ifndef PROTO_ENGINE_CONTROL_PRIVATE_H
#define PROTO_ENGINE_CONTROL_PRIVATE_H

#include "proto/engine/control.h"
#include "proto/sys/clock.h"

/* The test on a channel; NULL: there is none. */
struct control_test *control_find(struct control *c, uint32_t channel);

/* A slot for a new test, or NULL while none is free. */
struct control_test *control_begin(struct control *c, const struct test_order *order, enum test_phase phase);

bool control_is_busy(const struct control *c, enum test_direction direction);

/* Whether this side's worker is the one that sends. */
bool control_sends(const struct control *c, const struct control_test *t);

/* Notes a mail that is to be posted to the worker or the listener. */
void control_owe_mail(struct control_test *t, enum mail_kind kind);

/* Ends a test with its last phase. */
void control_end(struct control *c, struct control_test *t, enum test_phase phase);

/* Ends a test without the peer's answer. */
void control_give_up(struct control *c, struct control_test *t);

/* The dialects: input, output of what is repeated or answered, and what follows when the worker is done. */
enum wire_reject control_classic_input(
	struct control *c, const struct wire_header *h, const uint8_t *body, size_t size, uint64_t now_ns);
void control_classic_worker_done(struct control *c, struct control_test *t, uint64_t now_ns);
void control_classic_write(struct control *c, struct control_test *t, struct control_packet *out);

enum wire_reject control_extended_input(
	struct control *c, const struct wire_header *h, const uint8_t *body, size_t size, uint64_t now_ns);
void control_extended_worker_done(struct control *c, struct control_test *t, uint64_t now_ns);
void control_extended_write(struct control *c, struct control_test *t, struct control_packet *out);

#endif
