// probe tries relay.h on the payload of an event; the attribute do says what. Its answer is text.
#include "../relay.h"

static relay_verdict say(relay_event *e, relay_bytes text) {
	e->kind = RELAY_BINARY;
	e->payload = text;
	return relay_replace_event(e);
}

// tokens are lines of kind and text.
static relay_bytes tokens(relay_bytes payload) {
	relay_builder b = RELAY_EMPTY;
	relay_json j = relay_json_of(payload);
	relay_bytes token;
	for (char kind; (kind = relay_json_token(&j, &token));) {
		relay_add_byte(&b, kind);
		relay_add(&b, token);
		relay_add_byte(&b, '\n');
	}
	return b.text;
}

static relay_bytes parsed(relay_bytes payload) {
	relay_builder b = RELAY_EMPTY;
	int64_t n;
	if (!relay_parse_int(payload, &n)) return relay_str("none");
	relay_add_int(&b, n);
	return b.text;
}

static relay_bytes quoted(relay_bytes payload) {
	relay_builder b = RELAY_EMPTY;
	relay_add_quoted(&b, payload);
	return b.text;
}

// interleaved grows two builders by turns, so that neither is the last allocation.
static relay_bytes interleaved(relay_bytes payload) {
	relay_builder a = RELAY_EMPTY, b = RELAY_EMPTY;
	for (uint32_t i = 0; i < payload.len; i++) {
		relay_add_byte(&a, (char)payload.at[i]);
		relay_add_byte(&b, (char)payload.at[payload.len - 1 - i]);
	}
	relay_add(&a, b.text);
	return a.text;
}

// spelled are all values of a member by the spelling of its name.
static relay_bytes spelled(relay_bytes payload, relay_bytes name) {
	relay_builder b = RELAY_EMPTY;
	relay_json j = relay_json_of(payload);
	relay_bytes value;
	if (relay_json_take(&j, '{'))
		while (relay_json_member_of(&j, name, &value)) {
			relay_add(&b, value);
			relay_add_byte(&b, '\n');
		}
	return b.text;
}

RELAY_ON_EVENT(e) {
	const relay_bytes what = relay_attribute(e, relay_str("do"));
	if (relay_is(what, "tokens")) return say(e, tokens(e->payload));
	if (relay_is(what, "text")) return say(e, relay_json_text(e->payload));
	if (relay_is(what, "int")) return say(e, parsed(e->payload));
	if (relay_is(what, "quote")) return say(e, quoted(e->payload));
	if (relay_is(what, "interleave")) return say(e, interleaved(e->payload));
	if (relay_is(what, "exhaust")) return say(e, relay_range(relay_alloc(1u << 30), 1));
	if (relay_is(what, "spelled")) return say(e, spelled(e->payload, relay_attribute(e, relay_str("name"))));
	if (relay_is(what, "field")) {
		const relay_bytes value = relay_json_field(e->payload, relay_attribute(e, relay_str("name")));
		return say(e, value.at ? value : relay_str("absent"));
	}
	relay_panic(what);
}
