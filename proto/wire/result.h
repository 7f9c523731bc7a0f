/* What a result says beside its counters: internal to the exchange. All of it may be missing. */
#ifndef PROTO_WIRE_RESULT_H
#define PROTO_WIRE_RESULT_H

#include <jansson.h>

#include "proto/wire/command.h"

/* "capacity":[bits a second, interval in ppm, limit, ended early] */
void result_encode_capacity(json_t *object, const struct path_capacity *c);
bool result_decode_capacity(json_t *object, struct path_capacity *c);

/* "bucket":[kind, bits a second, bytes] */
void result_encode_bucket(json_t *object, const struct bucket_result *b);
bool result_decode_bucket(json_t *object, struct bucket_result *b);

/* "load":[CPU in thousandths, offload, latest in us, late turns in thousandths] */
void result_encode_load(json_t *object, const struct host_load *l);
bool result_decode_load(json_t *object, struct host_load *l);

/* "pattern":{"bursts":[by length],"longest":N,"period":[N, share in thousandths],"late":[N, extent, ns],
 * "outages":[[start ns, length ns, lost], ...]} */
void result_encode_pattern(json_t *object, const struct loss_pattern *p);
bool result_decode_pattern(json_t *object, struct loss_pattern *p);

#endif
