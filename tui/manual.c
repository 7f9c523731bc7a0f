#include "tui/manual.h"

#include "tui/screen/keys.h"

enum { MANUAL_KEYS = 64 };

static const struct options_entry screen[] = {
	{"Panels", "CONTROL holds the conversation about tests, UPLOAD and DOWNLOAD carry their data. A "
		   "title line "
		   "has the port's state, its local and remote port, and its thread: id, share of a CPU, "
		   "turns a "
		   "second."},
	{"rtt", "The last round trip, median and 99th percentile of all, heartbeats lost, and the jitter of "
		"RFC 3550, "
		"in milliseconds."},
	{"sent, there, here",
		"Packets that one end has sent and the other has received: an upload's figures from there "
		"come with its reports."},
	{"holes", "Where pieces are missing in the sequence: from the first missing one, left, to the "
		  "newest, right; the "
		  "fuller, the more of them."},
	{"x, ×", "On a graph's top row: a heartbeat or data was lost at that moment."},
	{"RESULTS", "What arrived, how much was lost and where (the sender's host, the path, the receiver's "
		    "host), the "
		    "median round trip of the port before tests and during them, and what limited the test."},
	{NULL, NULL},
};

static const struct options_entry limits[] = {
	{"the path",
		"A search kept the bottleneck busy, or more than 1 % was lost on the way. Where the start of "
		"the test let more pass than what came after it, the shaper (it makes packets wait) or "
		"policer (it drops them) is named, with its rate and what it lets pass at once: its bucket. "
		"Buckets of less than about 1.5 ms of the rate are not seen."},
	{"the path: its rate varies", "A tenth of the windows of 100 ms, while the bottleneck was busy, saw "
				      "a rate more than half as "
				      "high again as another tenth. The capacity is the mean; "
				      "capacity_p10_bits_per_second, p50 and "
				      "p90 in JSON say where the rate was."},
	{"the sender, the receiver",
		"Its host was the limit: the thread that sent, or received, used 85 % of a CPU or more "
		"(limited_by in JSON: sender_cpu, receiver_cpu); or it used less but was held up, more than "
		"1 ms late in 1 % of its turns or by 5 ms or more in one (sender_paused, receiver_paused); "
		"or "
		"it could not send what was asked for, or took no more and let it wait in its socket, and "
		"none "
		"of these says why (sender_host, receiver_host). The "
		"capacity "
		"is then at least what was found."},
	{"the receiver's socket buffer",
		"It had no room for datagrams, while the thread that reads it had time."},
	{"the server's limit, the asked rate", "It was reached to within 3 %."},
	{NULL, NULL},
};

static const struct options_entry grades[] = {
	{"A", "less than 5 ms: the 95th percentile of the round trips under load less the median without, of "
	      "the "
	      "port that suffered most"},
	{"B", "less than 30 ms"},
	{"C", "less than 60 ms"},
	{"D", "less than 200 ms"},
	{"E", "less than 400 ms"},
	{"F", "400 ms or more"},
	{NULL, NULL},
};

const struct options_manual *manual_sections(void)
{
	static struct options_entry keys[MANUAL_KEYS + 1];
	static struct options_section section[] = {
		{"Screen", screen},
		{"Keys", keys},
		{"What limits a test", limits},
		{"Grades of latency under load", grades},
	};
	static const struct options_manual manual = {section, sizeof section / sizeof *section};

	for (size_t i = 0; i < keys_rows && i < MANUAL_KEYS; i++)
		keys[i] = (struct options_entry){keys_table[i].name, keys_table[i].help};
	return &manual;
}
