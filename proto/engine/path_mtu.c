/* If one size gets through, so do all smaller ones: the search is between the largest size that was answered
 * and the smallest that was not. The largest size is tried once by itself, then as part of the first round.
 */
#include "proto/engine/path_mtu.h"

#include "proto/sys/clock.h"

static void set_round(struct path_mtu *m, unsigned tries, unsigned sizes)
{
	m->sizes = sizes;
	m->at = 0;
	m->tries = tries - 1;
}

static void ask_for_one(struct path_mtu *m, uint32_t bytes, unsigned tries)
{
	m->size[0] = bytes;
	set_round(m, tries, 1);
}

/* Everything is possible again, up to the limit. */
static void begin(struct path_mtu *m)
{
	m->first = true;
	m->confirmed = false;
	m->found_bytes = 0;
	m->lost_bytes = m->limit_bytes + 1;
	m->active = m->limit_bytes >= PATH_MTU_FLOOR_BYTES;
	ask_for_one(m, m->limit_bytes, 1);
}

void path_mtu_start(struct path_mtu *m, uint64_t now_ns)
{
	*m = (struct path_mtu){
		.limit_bytes = PATH_MTU_TOP_BYTES,
		.ends_ns = now_ns + clock_ms(PATH_MTU_ENDS_MS),
	};
	begin(m);
}

void path_mtu_limit(struct path_mtu *m, uint32_t bytes)
{
	if (!m->active || bytes >= m->limit_bytes)
		return;
	m->limit_bytes = bytes;
	begin(m);
}

/* The sizes of the next round, spread evenly over the possible range, its upper end included. */
static void begin_round(struct path_mtu *m)
{
	uint32_t low = m->found_bytes ? m->found_bytes : PATH_MTU_FLOOR_BYTES - 1;
	uint32_t room = m->lost_bytes - 1 - low;
	uint32_t sizes = room < PATH_MTU_SIZES ? room : PATH_MTU_SIZES;

	if (sizes == 0 && !m->confirmed && m->found_bytes && m->found_bytes < m->limit_bytes) {
		/* Three losses in a row may be chance. */
		m->confirmed = true;
		ask_for_one(m, m->lost_bytes, PATH_MTU_TRIES);
		return;
	}
	m->active = sizes > 0;
	for (uint32_t i = 0; i < sizes; i++)
		m->size[i] = low + room * (i + 1) / sizes;
	set_round(m, PATH_MTU_TRIES, sizes);
}

static void end_round(struct path_mtu *m)
{
	for (unsigned i = m->sizes; !m->first && i-- > 0 && m->size[i] > m->found_bytes;)
		m->lost_bytes = m->size[i];
	m->first = false;
	begin_round(m);
}

/* The time to answer this try is up. */
static void go_on(struct path_mtu *m)
{
	m->at = 0;
	if (m->tries > 0)
		m->tries--;
	else
		end_round(m);
}

static uint32_t ask(struct path_mtu *m, uint32_t bytes, uint32_t *number)
{
	if (m->questions == PATH_MTU_QUESTIONS) {
		m->active = false;
		return 0;
	}
	*number = m->questions++;
	m->asked[*number] = (uint16_t)bytes;
	return bytes;
}

uint32_t path_mtu_ask(struct path_mtu *m, uint64_t now_ns, uint64_t timeout_ns, uint32_t *number)
{
	uint64_t longest_ns = clock_ms(PATH_MTU_WAIT_MS);

	if (now_ns >= m->ends_ns)
		m->active = false;
	while (m->active) {
		if (m->at == m->sizes) {
			if (now_ns < m->due_ns)
				return 0;
			go_on(m);
			continue;
		}
		if (m->at == 0)
			m->due_ns = now_ns + (timeout_ns < longest_ns ? timeout_ns : longest_ns);
		while (m->at < m->sizes)
			if (m->size[m->at++] > m->found_bytes)
				return ask(m, m->size[m->at - 1], number);
	}
	return 0;
}

uint64_t path_mtu_due_ns(const struct path_mtu *m)
{
	if (!m->active)
		return CLOCK_NEVER;
	if (m->at < m->sizes)
		return 0;
	return m->due_ns < m->ends_ns ? m->due_ns : m->ends_ns;
}

/* An answer that comes too late for its round shows that the size taken for lost was not too large. */
static void note_size(struct path_mtu *m, uint32_t bytes)
{
	m->found_bytes = bytes;
	if (bytes >= m->lost_bytes)
		m->lost_bytes = m->limit_bytes + 1;
	if (bytes == m->limit_bytes)
		m->active = false;
	if (bytes < m->size[m->sizes - 1])
		return;
	/* Nothing is left to wait for in this round. */
	m->tries = 0;
	m->at = m->sizes;
	m->due_ns = 0;
}

enum wire_reject path_mtu_take(struct path_mtu *m, uint32_t number, uint32_t bytes)
{
	if (number >= m->questions || m->asked[number] == 0)
		return REJECT_SEQUENCE;
	if (m->asked[number] != bytes)
		return REJECT_BODY;
	m->asked[number] = 0;
	if (m->active && bytes > m->found_bytes && bytes <= m->limit_bytes)
		note_size(m, bytes);
	return WIRE_OK;
}

bool path_mtu_is_hole(const struct path_mtu *m)
{
	return !m->active && m->found_bytes && m->found_bytes < m->limit_bytes;
}

bool path_mtu_may_answer(struct path_mtu *m, uint64_t now_ns)
{
	if (m->answers == 0 || now_ns - m->window_ns >= clock_ms(PATH_MTU_ENDS_MS)) {
		m->window_ns = now_ns;
		m->answers = 0;
	}
	if (m->answers == PATH_MTU_QUESTIONS)
		return false;
	m->answers++;
	return true;
}
