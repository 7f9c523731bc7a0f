/* N classic clients in one process, to see what they cost a server.
 *
 *     swarm HOST[:PORT] [--clients 200] [--interval 1] [--seconds 20] [--ramp 1] [--sources 1]
 *           [--pid PID] [--json]
 *
 * Each client has four real sockets, connects (over --ramp seconds, so that a limit on requests can
 * be kept) and exchanges heartbeats on its three ports every --interval seconds. When all are
 * connected or have given up, --seconds of measuring begin. With --pid the server's CPU time,
 * memory and threads are read from /proc. With --sources N, towards 127.0.0.0/8 only, clients come
 * from N addresses. Exit 1 unless all connected and every heartbeat was answered; 2 when the swarm
 * itself could not run.
 *
 * Owns: the arguments and the report. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sys/clock.h"
#include "tests/bench/swarm.h"

enum { CLIENTS_MAX = 50000, SOURCES_MAX = 60000 };

struct row {
	const char *key, *text;
	double value;
	int decimals;
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "swarm: %s: %s\n", what, why);
	exit(2);
}

static void print_rows(const struct row *rows, size_t count, bool as_json)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];

		if (as_json)
			printf("%s\"%s\": %.*f", i ? ", " : "{", r->key, r->decimals, r->value);
		else
			printf("%-30s %14.*f\n", r->text, r->decimals, r->value);
	}
	if (as_json)
		puts("}");
}

static double percentile_us(const struct swarm_result *r, double percent)
{
	return (double)histogram_percentile(&r->round_trip, percent) / NS_PER_US;
}

static void print_report(const struct swarm_options *o, const struct swarm_result *r, bool as_json)
{
	enum { SERVER_ROWS = 5 };
	double cpu = process_cpu_share(&r->at_start, &r->at_end);
	double grown = (double)r->at_end.rss_bytes - (double)r->before.rss_bytes;
	const struct row rows[] = {
		{"clients", "clients", o->clients, 0},
		{"connected", "connected", r->connected, 0},
		{"no_answer", "no answer to CONNECT", r->silent, 0},
		{"not_up", "ports assigned, but silent", r->not_up, 0},
		{"connect_s", "all settled after (s)", (double)r->connect_ns / NS_PER_S, 3},
		{"heartbeats_sent", "heartbeats sent", (double)r->sent, 0},
		{"heartbeats_answered", "heartbeats answered", (double)r->answered, 0},
		{"stray", "late or foreign datagrams", (double)r->stray, 0},
		{"send_errors", "send errors", (double)r->send_errors, 0},
		{"rtt_p50_us", "round trip p50 (us)", percentile_us(r, 50), 1},
		{"rtt_p99_us", "round trip p99 (us)", percentile_us(r, 99), 1},
		{"rtt_max_us", "round trip max (us)", (double)r->round_trip.max_ns / NS_PER_US, 1},
		{"swarm_cpu_percent", "CPU of the swarm itself (%)", r->own_cpu_share * 100, 1},
		{"server_cpu_percent", "CPU of the server (%)", cpu * 100, 1},
		{"server_rss_bytes", "memory of the server (B)", (double)r->at_end.rss_bytes, 0},
		{"server_rss_per_client_bytes", "grown per client (B)",
			r->connected ? grown / r->connected : 0, 0},
		{"server_threads", "threads of the server", r->at_end.threads, 0},
		{"server_threads_before", "threads before", r->before.threads, 0},
	};
	size_t count = sizeof(rows) / sizeof(rows[0]);

	print_rows(rows, o->pid ? count : count - SERVER_ROWS, as_json);
}

static double number(const char *name, const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= min && value <= max))
		fail(name, "value out of range");
	return value;
}

static void parse_option(struct swarm_options *o, int option, const char *value)
{
	switch (option) {
	case 'c':
		o->clients = (unsigned)number("--clients", value, 1, CLIENTS_MAX);
		break;
	case 'i':
		o->interval_s = number("--interval", value, 0.001, 3600);
		break;
	case 's':
		o->seconds = number("--seconds", value, 0.1, 86400);
		break;
	case 'r':
		o->ramp_s = number("--ramp", value, 0, 3600);
		break;
	case 'a':
		o->sources = (unsigned)number("--sources", value, 1, SOURCES_MAX);
		break;
	case 'p':
		o->pid = (unsigned)number("--pid", value, 1, INT32_MAX);
		break;
	default:
		exit(2);
	}
}

static void parse_arguments(struct swarm_options *o, bool *as_json, int argc, char **argv)
{
	static const struct option known[] = {
		{"clients", required_argument, NULL, 'c'},
		{"interval", required_argument, NULL, 'i'},
		{"seconds", required_argument, NULL, 's'},
		{"ramp", required_argument, NULL, 'r'},
		{"sources", required_argument, NULL, 'a'},
		{"pid", required_argument, NULL, 'p'},
		{"json", no_argument, NULL, 'j'},
		{0},
	};
	char host[256] = "127.0.0.1";
	uint16_t port = 6711;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'j')
			*as_json = true;
		else
			parse_option(o, option, optarg);
	}
	if (optind + 1 != argc || address_split(argv[optind], host, sizeof(host), &port) ||
		address_resolve(&o->server, host, port, false))
		fail("HOST[:PORT]", "one address is needed");
}

int main(int argc, char **argv)
{
	struct swarm_options options = {
		.clients = 200, .sources = 1, .interval_s = 1, .seconds = 20, .ramp_s = 1};
	static struct swarm_result result;
	bool as_json = false;
	int rc;

	parse_arguments(&options, &as_json, argc, argv);
	rc = swarm_run(&options, &result);
	if (rc)
		fail("run", strerror(-rc));
	print_report(&options, &result, as_json);
	return result.connected == options.clients && result.answered == result.sent ? 0 : 1;
}
