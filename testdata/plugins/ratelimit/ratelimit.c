// ratelimit lets so many events pass in a time, and refuses what is beyond:
//
//	config: {events: 100, per: 10s, by: publisher, answer: reject}
//
// They are counted by "topic" (if left out), "publisher" (its address), "attribute NAME", "field PATH" or "payload"; events
// without it are counted together. answer: drop drops without telling the publisher that it is at fault. The time slides:
// what passed in the time before counts in proportion to how much of it is still within reach. What is refused does not
// count. Counts are in the key-value store, for all lanes: two of about 160 bytes for each publisher of the last times, so
// 3,000 publishers in the 1 MiB that limits.kv has if left out. When it is full, who published longest ago begins anew.
#include "../lib/key.h"

static key by;
static int64_t events, per;
static bool rejects;
static relay_bytes reason;

RELAY_ON_INIT(c) {
	relay_config_only(c, "events", "per", "by", "answer");
	events = config_count(c, "events", 0, "a whole number of at least 1, such as 100");
	per = config_time(c, "per", "");
	by = config_key(c, "by", "topic");
	rejects = config_rejects(c, "answer", "reject");
	relay_builder b = {0};
	relay_add_str(&b, "more than ");
	relay_add_int(&b, events);
	relay_add_str(&b, " events per ");
	relay_add(&b, relay_config_text(c, "per", TEXT("")));
	relay_add_str(&b, " by ");
	relay_add(&b, by.text);
	reason = b.text;
}

static relay_bytes counter(int64_t time, relay_bytes key) { return stored(relay_range(&time, sizeof time), key); }

RELAY_ON_EVENT(e) {
	const int64_t ms = e->time / 1000000, time = ms / per;
	const relay_bytes key = key_of(&by, e), before = relay_kv_get(counter(time - 1, key));
	int64_t old = 0, sum;
	if (before.len == sizeof old) __builtin_memcpy(&old, before.at, sizeof old);
	if (!relay_kv_add(counter(time, key), 1, 2 * per, &sum)) return relay_fail(TEXT("no key fits the key-value store: raise limits.kv"));
	const double within = (double)old * (double)(per - ms % per) / (double)per;
	if (within + (double)sum <= (double)events) return relay_pass();
	relay_kv_add(counter(time, key), -1, 2 * per, &sum);
	return refuse(rejects, reason);
}
