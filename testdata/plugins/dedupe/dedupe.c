// dedupe lets an event pass once, and drops those that are the same, on the same topic, within a time:
//
//	config: {key: field order.id, window: 10m, answer: drop}
//
// What makes two events the same is their key: "payload" (if left out), "attribute NAME", "field PATH" or "publisher". The
// time runs from the first of them, 10m if left out. Events without the key pass. answer: reject tells the publisher. What
// was seen is in the key-value store, for all lanes: about 170 bytes a key, so 6,000 keys in the 1 MiB that limits.kv has
// if left out. When it is full, the key that was seen longest ago is forgotten, and its event would pass again.
#include "../lib/key.h"

static key by;
static int64_t window;
static bool rejects;

RELAY_ON_INIT(c) {
	relay_config_only(c, "key", "window", "answer");
	by = config_key(c, "key", "payload");
	if (by.by == TOPIC) relay_config_want(c, "key", "payload, publisher, attribute NAME, or field PATH; by topic, all but one of its events would be dropped");
	window = config_time(c, "window", "10m");
	rejects = config_rejects(c, "answer", "drop");
}

RELAY_ON_EVENT(e) {
	int64_t seen;
	const relay_bytes key = key_of(&by, e);
	if (!key.at) return relay_pass();
	if (!relay_kv_add(stored(e->topic, key), 1, window, &seen)) return relay_fail(TEXT("no key fits the key-value store: raise limits.kv"));
	return seen == 1 ? relay_pass() : refuse(rejects, TEXT("duplicate"));
}
