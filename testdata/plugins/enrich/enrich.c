// enrich gives events attributes, for the filters behind it, and clients a member of JSON events that holds the same:
//
//	config: {set: {region: eu}, from: {tenant: user.tenant}, count: seq, by: field user.id, per: 24h, into: meta}
//
// set has texts. from has paths of fields; an event without the field, or with more than 1 KiB there, gets no such
// attribute. count names one that numbers the events from 1, for all lanes: by "topic" (if left out), "publisher",
// "payload", "attribute NAME" or "field PATH", and from 1 again after per (24h if left out). What a publisher sent under
// these names is gone. into names a member that JSON objects get, with all of them as texts, in the place of one that was
// there. How far events are counted is in the key-value store; when it is full, what was counted longest ago begins anew.
#include "../lib/key.h"

enum { MAX_ADDED = 32, MAX_VALUE = 1024 };

typedef struct {
	enum { SET, FROM, COUNT } how;
	relay_bytes name, value; // of this event; no value: no attribute
	path path;
} addition;

static addition added[MAX_ADDED];
static uint32_t count;
static relay_bytes into;
static key by;
static int64_t per;

static addition *new_addition(relay_config *c, const char *from, relay_bytes name) {
	static const char *taken[] = {"content_type", "remote_address", "connection"};
	for (uint32_t i = 0; i < 3; i++)
		if (relay_is(name, taken[i])) relay_config_want(c, from, "other names than content_type, remote_address and connection, which relay sets");
	for (uint32_t i = 0; i < count; i++)
		if (relay_equal(name, added[i].name)) relay_config_want(c, from, "each name once in all of set, from and count");
	if (name.len == 0 || name.len > 128) relay_config_want(c, from, "names of 1 to 128 bytes");
	if (count == MAX_ADDED) {
		relay_config_want(c, from, "no more than 32 attributes in all");
		count--;
	}
	added[count].name = name;
	return &added[count++];
}

// config_all reads set or from.
static void config_all(relay_config *c, const char *from, bool paths) {
	const relay_bytes all = relay_config_json(c, from);
	relay_json j = relay_json_of(all);
	relay_bytes name, value;
	if (all.at && !relay_json_take(&j, '{')) relay_config_want(c, from, "names, each with a text, such as {tenant: acme}");
	while (all.at && relay_json_member(&j, &name, &value)) {
		addition *a = new_addition(c, from, relay_json_text(name));
		if (!is_scalar(value) || (paths && !is_text(value))) relay_config_want(c, from, "a text behind every name");
		a->value = relay_json_text(value);
		if (a->value.len > MAX_VALUE) relay_config_want(c, from, "texts of at most 1024 bytes");
		if (paths) a->how = FROM, a->path = parse_path(c, from, a->value);
	}
}

RELAY_ON_INIT(c) {
	relay_config_only(c, "set", "from", "count", "by", "per", "into");
	const relay_bytes number = relay_config_text(c, "count", relay_range(0, 0));
	config_all(c, "set", false);
	config_all(c, "from", true);
	if (number.at) new_addition(c, "count", number)->how = COUNT;
	if (count == 0) relay_config_want(c, "set", "something to add, here or in from or count");
	by = config_key(c, "by", "topic");
	per = config_time(c, "per", "24h");
	into = relay_config_text(c, "into", relay_range(0, 0));
}

// evaluate finds what is to be added to this event.
static void evaluate(addition *a, const relay_event *e) {
	if (a->how == SET) return;
	a->value = relay_range(0, 0);
	if (a->how == FROM && find(&a->path, e, take_first)) {
		const relay_bytes text = relay_json_text(found);
		if (text.len <= MAX_VALUE) a->value = text;
	} else if (a->how == COUNT) {
		relay_builder b = {0};
		int64_t n;
		if (relay_kv_add(stored(a->name, key_of(&by, e)), 1, per, &n)) relay_add_int(&b, n);
		a->value = b.text;
	}
}

// rewrite returns the payload, an object that j is in, with the member that into names.
static relay_bytes rewrite(relay_json *j) {
	relay_builder b = {0};
	relay_bytes name, value;
	relay_add_byte(&b, '{');
	while (relay_json_member(j, &name, &value)) {
		if (spells(name, into)) continue;
		relay_add(&b, name);
		relay_add_byte(&b, ':');
		relay_add(&b, value);
		relay_add_byte(&b, ',');
	}
	relay_add_quoted(&b, into);
	char before = '{';
	relay_add_byte(&b, ':');
	for (const addition *a = added; a < added + count; a++) {
		if (!a->value.at) continue;
		relay_add_byte(&b, before);
		relay_add_quoted(&b, a->name);
		relay_add_byte(&b, ':');
		relay_add_quoted(&b, a->value);
		before = ',';
	}
	relay_add_str(&b, before == '{' ? "{}}" : "}}");
	return b.text;
}

RELAY_ON_EVENT(e) {
	for (addition *a = added; a < added + count; a++) evaluate(a, e); // all, before anything is changed
	relay_json j = relay_json_of(e->payload);
	if (into.at && e->kind == RELAY_JSON && relay_json_take(&j, '{')) e->payload = rewrite(&j);
	for (const addition *a = added; a < added + count; a++) relay_edit_attributes(e, a->name, a->value);
	return relay_replace_event(e);
}
