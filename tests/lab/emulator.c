/* An emulator of links between two hosts that are network namespaces.
 *
 *     emulator --client NETNS --server NETNS [--device wire] [--seed N] [--turn-us US]
 *              [--rate 50M | --steps 0:50M,4000:20M | --trace FILE] [--sine-share 0.5 --sine-ms 2000]
 *              [--walk-low 0.3 --walk-high 2 --walk-ms 1000] [--queue fifo|flows]
 *              [--buffer-bytes N] [--buffer-ms MS] [--burst-ms MS] [--burst-variation P]
 *              [--policer 20M --policer-bytes N] [--loss-before P] [--loss-before-burst PACKETS]
 *              [--loss-behind P] [--loss-behind-burst PACKETS] [--duplicate P]
 *              [--delay-ms MS] [--jitter-ms MS] [--law uniform|exponential|spikes] [--hold-ms MS]
 *              [--spike-every-ms MS] [--reorder P] [--reorder-ms MS] [--data-bytes N]
 *
 * Makes a tun device in each namespace and carries IP packets between them, both ways. With "up-" (from the
 * client to the server) or "down-" in front of its name a setting applies to one way only;
 * tests/support/line.h says what each does. Prints "Emulator ready" when both devices are there, its counts
 * as a line of JSON (tests/lab/emulator.h) at SIGUSR1, and once more at SIGTERM or SIGINT, which end it.
 *
 * Owns: the devices. One thread, of realtime priority where that is allowed; tests/support/line.c decides
 * what becomes of each packet, in times that don't depend on when this thread gets to work: what is late here
 * is delivered late, but nothing is served slower. Policy: packets are handled in turns of at least turn-us,
 * unless one is due before, so that it carries some 50,000 a second on a part of a core. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/sys/clock.h"
#include "tests/lab/emulator.h"
#include "tests/lab/tun.h"

enum {
	BATCH = 256, /* packets in a row from one device */
	MOST_BYTES = 1 << 16,
	LEAST_BUCKET = 2000,
	EVENTS = EMULATOR_WAYS + 1,
	SIGNAL_MARK = EMULATOR_WAYS,
	PRIORITY = 10,
	LATE_BIN_NS = 10000,
	SOON_NS = 5000, /* isn't worth going to sleep for */
};

static struct emulator emulator = {.seed = 1};
static const char *device = "wire";
static uint64_t turn_ns = 50000;
static int events_fd, signal_fd;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "emulator: %s: %s\n", what, why);
	exit(2);
}

static void set_line(const char *name, const char *text)
{
	bool is_up = !strncmp(name, "up-", 3), is_down = !strncmp(name, "down-", 5);
	const char *rest = name + (is_up ? 3 : is_down ? 5 : 0);

	if ((!is_down && line_set(&emulator.way[EMULATOR_UP].settings, rest, text)) ||
		(!is_up && line_set(&emulator.way[EMULATOR_DOWN].settings, rest, text)))
		fail(name, "no such option, or its value is out of range");
}

static void check_line(const struct line_settings *s)
{
	if (s->burst_ms > 0 && !line_rate_is_limited(&s->rate))
		fail("burst-ms", "needs a rate");
	if (s->rate.walk_ms > 0 && !(s->rate.walk_low > 0 && s->rate.walk_low <= s->rate.walk_high))
		fail("walk-ms", "needs 0 < walk-low <= walk-high");
	if (s->policer_bps > 0 && s->policer_bytes < LEAST_BUCKET)
		fail("policer", "needs policer-bytes of a few packets");
	if (s->law == LINE_SPIKES && !(s->spike_every_ms > 0))
		fail("law", "spikes need spike-every-ms");
}

static void parse_arguments(int argc, char **argv)
{
	if (argc % 2 == 0)
		fail("arguments", "each option takes a value");
	for (int i = 1; i < argc; i += 2) {
		const char *name = argv[i] + 2, *text = argv[i + 1];

		if (strncmp(argv[i], "--", 2) != 0)
			fail(argv[i], "no option");
		if (!strcmp(name, "client"))
			emulator.way[EMULATOR_UP].netns = text;
		else if (!strcmp(name, "server"))
			emulator.way[EMULATOR_DOWN].netns = text;
		else if (!strcmp(name, "device"))
			device = text;
		else if (!strcmp(name, "seed"))
			emulator.seed = strtoull(text, NULL, 0);
		else if (!strcmp(name, "turn-us"))
			turn_ns = clock_us(strtoull(text, NULL, 0));
		else
			set_line(name, text);
	}
	if (!emulator.way[EMULATOR_UP].netns || !emulator.way[EMULATOR_DOWN].netns)
		fail("arguments", "--client and --server are needed");
	for (int way = 0; way < EMULATOR_WAYS; way++)
		check_line(&emulator.way[way].settings);
}

static void watch(int fd, uint32_t mark)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = mark};

	if (epoll_ctl(events_fd, EPOLL_CTL_ADD, fd, &event))
		fail("epoll", strerror(errno));
}

static void open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	events_fd = epoll_create1(EPOLL_CLOEXEC);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (events_fd < 0 || signal_fd < 0)
		fail("signals", strerror(errno));
	watch(signal_fd, SIGNAL_MARK);
}

static void open_all(void)
{
	struct sched_param priority = {.sched_priority = PRIORITY};

	open_signals();
	prctl(PR_SET_TIMERSLACK, 1);
	emulator.is_realtime = !sched_setscheduler(0, SCHED_FIFO, &priority);
	emulator.start_ns = clock_now_ns();
	for (int i = 0; i < EMULATOR_WAYS; i++) {
		struct emulator_way *way = &emulator.way[i];

		way->fd = tun_open(way->netns, device);
		if (way->fd < 0)
			fail(way->netns, strerror(-way->fd));
		watch(way->fd, (uint32_t)i);
		way->line = line_new(
			&way->settings, emulator.seed * EMULATOR_WAYS + (uint64_t)i, emulator.start_ns);
		if (!way->line)
			fail(way->netns, "no memory");
	}
	puts("Emulator ready");
	fflush(stdout);
}

/* What hosts say to their neighbours (224.0.0.0/24, ff02::/16), when they like: no router passes it on, and
 * it shall not move the fate of others. */
static bool is_for_neighbours(const uint8_t *ip, size_t size)
{
	static const uint8_t v4[] = {224, 0, 0}, v6[] = {0xff, 2};

	return (size >= 20 && *ip >> 4 == 4 && !memcmp(ip + 16, v4, sizeof(v4))) ||
	       (size >= 40 && *ip >> 4 == 6 && !memcmp(ip + 24, v6, sizeof(v6)));
}

/* How many packets there were. */
static int take_all(struct emulator_way *way)
{
	static uint8_t bytes[MOST_BYTES];
	int taken = 0;

	for (; taken < BATCH; taken++) {
		ssize_t size = read(way->fd, bytes, sizeof(bytes));

		if (size <= 0)
			break;
		if (!is_for_neighbours(bytes, (size_t)size))
			line_take(way->line, bytes, (size_t)size, clock_now_ns());
	}
	return taken;
}

static void count_late(uint64_t late_ns)
{
	uint64_t bin = late_ns / LATE_BIN_NS;

	emulator.delivered++;
	emulator.late[bin < EMULATOR_LATE_BINS ? bin : EMULATOR_LATE_BINS - 1]++;
	if (late_ns > emulator.late_max_ns)
		emulator.late_max_ns = late_ns;
}

static int deliver_due(int at)
{
	struct emulator_way *way = &emulator.way[at];
	int to = emulator.way[EMULATOR_WAYS - 1 - at].fd, delivered = 0;
	uint64_t now_ns = clock_now_ns();
	struct line_packet *p;

	for (; (p = line_release(way->line, now_ns)); delivered++) {
		count_late(now_ns - p->due_ns);
		way->unwanted += write(to, p->bytes, p->size) < 0;
		free(p);
	}
	return delivered;
}

static uint64_t next_due_ns(void)
{
	return clock_earlier(
		line_due_ns(emulator.way[EMULATOR_UP].line), line_due_ns(emulator.way[EMULATOR_DOWN].line));
}

/* Keeps the windows that have ended; returns when the next one ends. */
static uint64_t keep_windows(uint64_t now_ns)
{
	uint64_t end_ns = emulator.start_ns + clock_ms(EMULATOR_WINDOW_MS) * (emulator.windows + 1);

	while (end_ns <= now_ns && emulator.windows < EMULATOR_WINDOWS) {
		for (int i = 0; i < EMULATOR_WAYS; i++) {
			struct emulator_way *way = &emulator.way[i];

			line_account(way->line, end_ns);
			way->window[emulator.windows] = (struct emulator_window){
				.offered_bits = way->line->offered_bits,
				.out_bytes = way->line->all.out.bytes,
			};
		}
		emulator.windows++;
		end_ns += clock_ms(EMULATOR_WINDOW_MS);
	}
	return emulator.windows < EMULATOR_WINDOWS ? end_ns : CLOCK_NEVER;
}

/* False at a signal that ends the program. */
static bool answer_signal(void)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return true;
	emulator_report(&emulator, device, clock_now_ns());
	return info.ssi_signo == SIGUSR1;
}

/* Waits for packets, a signal or a time. False: the end has come. */
static bool wait_and_take(uint64_t until_ns, int *taken)
{
	uint64_t now_ns = clock_now_ns(), ns = until_ns > now_ns ? until_ns - now_ns : 0;
	struct timespec patience = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
	struct epoll_event events[EVENTS];
	int count = epoll_pwait2(events_fd, events, EVENTS, &patience, NULL);
	bool goes_on = true;

	*taken = 0;
	for (int i = 0; i < count; i++) {
		if (events[i].data.u32 == SIGNAL_MARK)
			goes_on = answer_signal() && goes_on;
		else
			*taken += take_all(&emulator.way[events[i].data.u32]);
	}
	return goes_on;
}

static void sleep_until(uint64_t until_ns)
{
	uint64_t now_ns = clock_now_ns();

	if (until_ns > now_ns + SOON_NS)
		clock_sleep_ns(until_ns - now_ns);
}

static void run(void)
{
	int taken = 0, delivered = 0;

	for (;;) {
		uint64_t now_ns = clock_now_ns(), window_ns = keep_windows(now_ns), due_ns = next_due_ns();
		bool is_busy = taken || delivered;

		if (is_busy)
			sleep_until(clock_earlier(due_ns, now_ns + turn_ns));
		if (!wait_and_take(is_busy ? 0 : clock_earlier(due_ns, window_ns), &taken))
			return;
		delivered = deliver_due(EMULATOR_UP) + deliver_due(EMULATOR_DOWN);
	}
}

int main(int argc, char **argv)
{
	parse_arguments(argc, argv);
	open_all();
	run();
	return 0;
}
