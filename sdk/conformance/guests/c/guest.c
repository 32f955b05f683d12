// The conformance guest in C, and in C++: it does what sdk/conformance/README.md says.
#include "../../../c/relay.h"

static relay_bytes word;
static int64_t limit, start;
static bool on;
static relay_list names;

RELAY_ON_INIT(c) {
	relay_config_only(c, "word", "limit", "on", "names", "start");
	word = relay_config_text(c, "word", relay_str("none"));
	limit = relay_config_int(c, "limit", 7);
	on = relay_config_bool(c, "on", false);
	names = relay_config_list(c, "names");
	start = relay_config_int(c, "start", 0);
	if (relay_is(word, "wrong")) relay_config_fail(c, relay_str("config: word: is wrong"));
}

// told is the value of an attribute, or empty.
static relay_bytes told(relay_event *e, const char *name) { return relay_attribute(e, relay_str(name)); }

// number is an attribute that is a number, or 0.
static int64_t number(relay_event *e, const char *name) {
	int64_t n = 0;
	return relay_parse_int(told(e, name), &n) ? n : 0;
}

// text answers e with another payload, of kind text.
static relay_verdict text(relay_event *e, relay_bytes payload) {
	e->kind = RELAY_TEXT;
	e->payload = payload;
	return relay_replace_event(e);
}

static relay_verdict decimal(relay_event *e, int64_t n) {
	relay_builder b = RELAY_EMPTY;
	relay_add_int(&b, n);
	return text(e, b.text);
}

// line adds "NAME VALUE" and the end of the line before.
static void line(relay_builder *b, const char *name, relay_bytes value) {
	if (b->text.len > 0) relay_add_byte(b, '\n');
	relay_add_str(b, name);
	relay_add_byte(b, ' ');
	relay_add(b, value);
}

static void line_int(relay_builder *b, const char *name, int64_t n) {
	line(b, name, relay_str(""));
	relay_add_int(b, n);
}

static relay_bytes boolean(bool b) { return relay_str(b ? "true" : "false"); }

static relay_bytes describe(relay_event *e) {
	static const char *const kinds[] = {"binary", "text", "json"}; // as relay_kind has them
	relay_builder b = RELAY_EMPTY;
	relay_bytes rest = e->attributes, name, value;
	int64_t n = 0;
	line(&b, "topic", e->topic);
	line(&b, "kind", relay_str(kinds[e->kind]));
	line(&b, "inbound", boolean(e->inbound));
	line_int(&b, "time", e->time);
	while (relay_next_attribute(&rest, &name, &value)) n++;
	line_int(&b, "attributes", n);
	for (rest = e->attributes; relay_next_attribute(&rest, &name, &value);) {
		relay_add_byte(&b, '\n');
		relay_add(&b, name);
		relay_add_byte(&b, '=');
		relay_add(&b, value);
	}
	line_int(&b, "payload", e->payload.len);
	return b.text;
}

static relay_bytes configuration(void) {
	relay_builder b = RELAY_EMPTY;
	line(&b, "word", word);
	line_int(&b, "limit", limit);
	line(&b, "on", boolean(on));
	line_int(&b, "start", start);
	line_int(&b, "names", names.len);
	for (uint32_t i = 0; i < names.len; i++) {
		relay_add_byte(&b, '\n');
		relay_add(&b, names.at[i]);
	}
	return b.text;
}

static relay_bytes reverse(relay_bytes payload) {
	uint8_t *to = (uint8_t *)relay_alloc(payload.len);
	for (uint32_t i = 0; i < payload.len; i++) to[i] = payload.at[payload.len - 1 - i];
	return relay_range(to, payload.len);
}

static relay_verdict change(relay_event *e) {
	const relay_event was = *e;
	const relay_bytes kind = told(e, "kind");
	if (told(e, "topic").at) e->topic = told(e, "topic");
	if (kind.at) e->kind = relay_is(kind, "json") ? RELAY_JSON : relay_is(kind, "text") ? RELAY_TEXT : RELAY_BINARY;
	if (told(e, "payload").at) e->payload = told(e, "payload");
	relay_bytes rest = relay_attribute(&was, relay_str("set")), edit, name;
	while (rest.len > 0) {
		rest = relay_cut(rest, '\n', &edit);
		const relay_bytes value = relay_cut(edit, '=', &name);
		relay_set_attribute(e, name, value);
	}
	rest = relay_attribute(&was, relay_str("remove"));
	while (rest.len > 0) {
		rest = relay_cut(rest, '\n', &name);
		relay_remove_attribute(e, name);
	}
	return relay_replace_event(e);
}

static relay_verdict bare(relay_bytes topic) {
	relay_event fresh = RELAY_EMPTY;
	fresh.topic = topic;
	fresh.kind = RELAY_TEXT;
	fresh.payload = relay_str("bare");
	return relay_replace_event(&fresh);
}

static relay_verdict emit(relay_event *e, relay_bytes topic) {
	const int64_t count = number(e, "count");
	for (int64_t i = 0; i < count; i++) {
		relay_builder n = RELAY_EMPTY;
		relay_add_int(&n, i);
		if (!relay_emit(topic, RELAY_TEXT, n.text)) {
			relay_builder reason = RELAY_EMPTY;
			relay_add_str(&reason, "refused ");
			relay_add_int(&reason, i);
			return relay_drop(reason.text);
		}
	}
	return relay_pass();
}

static relay_verdict emit_event(relay_event *e, relay_bytes topic) {
	e->topic = topic;
	relay_set_attribute(e, relay_str("emitted"), relay_str("yes"));
	if (!relay_emit_event(e)) return relay_fail(relay_str("refused"));
	return relay_drop(relay_str(""));
}

static relay_verdict say(relay_event *e, relay_bytes words) {
	const relay_bytes level = told(e, "level");
	relay_log(relay_is(level, "debug") ? RELAY_DEBUG : relay_is(level, "warn") ? RELAY_WARN : relay_is(level, "error") ? RELAY_ERROR : RELAY_INFO, words);
	return relay_pass();
}

static relay_verdict loop(void) {
	for (volatile int64_t turns = 0;;) turns = turns + 1;
}

static relay_verdict kv_get(relay_bytes key) {
	const relay_bytes value = relay_kv_get(key);
	return value.at ? relay_replace(value) : relay_drop(relay_str("absent"));
}

static relay_verdict kv_set(relay_event *e, relay_bytes key) {
	return relay_kv_set(key, e->payload, number(e, "ttl")) ? relay_pass() : relay_drop(relay_str("no room"));
}

static relay_verdict kv_add(relay_event *e, relay_bytes key) {
	int64_t sum;
	return relay_kv_add(key, number(e, "delta"), number(e, "ttl"), &sum) ? decimal(e, sum) : relay_drop(relay_str("no room"));
}

static relay_verdict kv_delete(relay_bytes key) {
	relay_kv_delete(key);
	return relay_pass();
}

static relay_verdict random_bytes(uint32_t n) {
	void *to = relay_alloc(n);
	relay_random(to, n);
	return relay_replace(relay_range(to, n));
}

static relay_verdict metric(relay_event *e, relay_bytes name) {
	relay_metric(name, number(e, "delta"));
	return relay_pass();
}

static relay_verdict unknown(relay_bytes verb) {
	relay_builder b = RELAY_EMPTY;
	relay_add_str(&b, "unknown verb: ");
	relay_add(&b, verb);
	return relay_fail(b.text);
}

RELAY_ON_EVENT(e) {
	const relay_bytes verb = told(e, "do"), with = told(e, "with"), key = told(e, "key");
	if (!verb.at) return text(e, describe(e));
	if (relay_is(verb, "pass")) return relay_pass();
	if (relay_is(verb, "drop")) return relay_drop(with);
	if (relay_is(verb, "reject")) return relay_reject(with);
	if (relay_is(verb, "fail")) return relay_fail(with);
	if (relay_is(verb, "panic")) relay_panic(with);
	if (relay_is(verb, "loop")) return loop();
	if (relay_is(verb, "echo")) return relay_replace(e->payload);
	if (relay_is(verb, "reverse")) return relay_replace(reverse(e->payload));
	if (relay_is(verb, "replace")) return relay_replace(with);
	if (relay_is(verb, "change")) return change(e);
	if (relay_is(verb, "bare")) return bare(with);
	if (relay_is(verb, "emit")) return emit(e, with);
	if (relay_is(verb, "emit-event")) return emit_event(e, with);
	if (relay_is(verb, "config")) return text(e, configuration());
	if (relay_is(verb, "state")) return decimal(e, start++);
	if (relay_is(verb, "log")) return say(e, with);
	if (relay_is(verb, "kv-set")) return kv_set(e, key);
	if (relay_is(verb, "kv-get")) return kv_get(key);
	if (relay_is(verb, "kv-add")) return kv_add(e, key);
	if (relay_is(verb, "kv-delete")) return kv_delete(key);
	if (relay_is(verb, "now")) return decimal(e, relay_now());
	if (relay_is(verb, "random")) return random_bytes((uint32_t)number(e, "count"));
	if (relay_is(verb, "metric")) return metric(e, with);
	return unknown(verb);
}

RELAY_ON_CONNECT(e) {
	const relay_bytes query = told(e, "query");
	if (relay_is(query, "refuse")) return relay_refuse(401, relay_str("who are you?"));
	if (relay_is(query, "reject")) return relay_reject(relay_str("no entry"));
	if (relay_is(query, "drop")) return relay_drop(relay_str("not now"));
	if (relay_is(query, "fail")) return relay_fail(relay_str("no idea"));
	if (relay_is(query, "panic")) relay_panic(relay_str("at connect"));
	if (!relay_is(query, "user")) return relay_pass();
	relay_set_attribute(e, relay_str("user"), relay_str("ada"));
	relay_set_attribute(e, relay_str("seen"), told(e, "header.x-seen"));
	e->topic = relay_str("tenants.ada");
	return relay_replace_event(e);
}

RELAY_ON_SUBSCRIBE(e) {
	relay_builder pattern = RELAY_EMPTY;
	if (relay_is(e->topic, "secret.>")) return relay_refuse(404, relay_str("secret"));
	if (!relay_is(e->topic, "mine.>")) return relay_pass();
	relay_add_str(&pattern, "tenants.");
	relay_add(&pattern, told(e, "user"));
	relay_add_str(&pattern, ".>");
	e->topic = pattern.text;
	return relay_replace_event(e);
}

RELAY_ON_DISCONNECT(e) {
	relay_builder line = RELAY_EMPTY;
	relay_add_str(&line, "bye ");
	relay_add(&line, told(e, "user"));
	relay_log(RELAY_INFO, line.text);
}
