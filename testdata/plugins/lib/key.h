// key.h tells events apart by what the configuration says: "topic", "publisher" (its address), "payload", "attribute NAME"
// or "field PATH".
#pragma once
#include "path.h"
#include "sha256.h"

typedef struct {
	enum { TOPIC, PUBLISHER, PAYLOAD, ATTRIBUTE, FIELD } by;
	relay_bytes text, name;
	path path;
} key;

static bool starts_with(relay_bytes s, relay_bytes with) { return s.len >= with.len && relay_equal(relay_range(s.at, with.len), with); }

static key config_key(relay_config *c, const char *name, const char *otherwise) {
	key k = {.text = relay_config_text(c, name, relay_str(otherwise))};
	relay_bytes word, rest = relay_cut(k.text, ' ', &word);
	if (relay_is(k.text, "topic")) k.by = TOPIC;
	else if (relay_is(k.text, "publisher")) k.by = PUBLISHER;
	else if (relay_is(k.text, "payload")) k.by = PAYLOAD;
	else if (relay_is(word, "attribute") && rest.len > 0) k.by = ATTRIBUTE, k.name = rest;
	else if (relay_is(word, "field") && rest.len > 0) k.by = FIELD, k.path = parse_path(c, name, rest);
	else relay_config_want(c, name, "topic, publisher, payload, attribute NAME, or field PATH, such as field user.id");
	return k;
}

static relay_bytes found;

static bool take_first(relay_bytes value) { return found = value, true; }

// publisher returns the address without the port.
static relay_bytes publisher(const relay_event *e) {
	relay_bytes a = relay_attribute(e, TEXT("remote_address"));
	for (uint32_t i = a.len; i-- > 0;)
		if (a.at[i] == ':') return relay_range(a.at, i);
	return a;
}

// key_of returns what tells this event apart; its address is null if the event has no such thing. A text is told by what it
// says, however it is spelled, and apart from a number of the same digits; numbers and others as they are spelled.
static relay_bytes key_of(const key *k, const relay_event *e) {
	switch (k->by) {
	case TOPIC: return e->topic;
	case PUBLISHER: return publisher(e);
	case PAYLOAD: return e->payload;
	case ATTRIBUTE: return relay_attribute(e, k->name);
	case FIELD: break;
	}
	if (!find(&k->path, e, take_first)) return relay_range(0, 0);
	if (!is_text(found)) return found;
	relay_builder b = {0};
	relay_add_byte(&b, '"');
	relay_add(&b, relay_json_text(found));
	return b.text;
}

// stored returns the key under which what belongs to a and b is kept: short, whatever their size.
static relay_bytes stored(relay_bytes a, relay_bytes b) {
	static uint8_t short_key[64];
	if ((uint64_t)a.len + b.len < sizeof short_key) {
		short_key[0] = (uint8_t)a.len;
		relay_put(relay_put(short_key + 1, a), b);
		return relay_range(short_key, 1 + a.len + b.len);
	}
	sha256 h = sha256_new();
	sha256_add(&h, relay_range(&a.len, 4));
	sha256_add(&h, a);
	sha256_add(&h, b);
	short_key[0] = 255;
	sha256_sum(&h, short_key + 1);
	return relay_range(short_key, 33);
}
