// json.h finds its way through JSON where it lies, for filters that look at every byte: relay.h's own reader asks less of
// who writes with it, this one less of the processor. It reads no byte beyond the end of the text, whatever the text is.
#pragma once
#include "../../../sdk/c/relay.h"

#define TEXT(s) relay_range(s, sizeof(s) - 1)

typedef const uint8_t *place; // in the text

// name is that of a member, without its quotes.
typedef struct {
	place at;
	uint32_t len;
	bool escaped;
} name;

// value_end returns where the value ends that begins at p; p itself if there is none.
static __attribute__((noinline)) place value_end(place p, const place end) { return p < end ? relay_after_value(p, end, *p) : p; }

// next_member takes the name of the next member of an object, and returns where its value begins; at the object's end, or
// where it is no JSON, null, and *after is where it ends.
static inline place next_member(place p, const place end, name *n, place *after) {
	uint8_t c = relay_next(&p, end);
	if (c == ',') p++, c = relay_next(&p, end);
	*after = c == '}' ? p + 1 : end;
	if (c != '"') return 0;
	n->at = ++p, n->escaped = false;
	p = relay_after_string(p, end, &n->escaped);
	n->len = (uint32_t)(p - n->at) - 1;
	if (relay_next(&p, end) != ':') return 0;
	p++;
	return relay_next(&p, end) ? p : 0;
}

// next_element returns where the next element of an array begins, as next_member does.
static inline place next_element(place p, const place end, place *after) {
	uint8_t c = relay_next(&p, end);
	if (c == ',') p++, c = relay_next(&p, end);
	*after = c == ']' ? p + 1 : end;
	return c && c != ']' && c != '}' && c != ':' ? p : 0;
}

// is reports whether a name is text, whatever escapes it is spelled with.
static inline bool is(const name *n, relay_bytes text) {
	if (!n->escaped) return n->len == text.len && relay_same(n->at, text.at, n->len);
	return relay_json_says(relay_range(n->at - 1, n->len + 2), text);
}

// spells is the same of a JSON string with its quotes.
static bool spells(relay_bytes quoted, relay_bytes text) {
	if (quoted.len < text.len + 2 || *quoted.at != '"') return false;
	name n = {quoted.at + 1, quoted.len - 2, false};
	relay_after_string(n.at, quoted.at + quoted.len, &n.escaped);
	return is(&n, text);
}

// json_of returns what of the payload may be an object or array, by its text and not by how it was labelled: a client may
// send JSON as text. It is empty where it is none.
static relay_bytes json_of(const relay_event *e) {
	place p = e->payload.at;
	const place end = p + e->payload.len;
	if (end - p >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) p += 3; // a mark that some readers skip
	const uint8_t c = relay_next(&p, end);
	return relay_range(p, c == '{' || c == '[' ? (uint32_t)(end - p) : 0);
}

static bool is_text(relay_bytes v) { return relay_json_kind(v) == '"'; }
static bool is_number(relay_bytes v) { return relay_json_kind(v) == '0'; }
static bool is_scalar(relay_bytes v) { return v.len > 0 && *v.at != '{' && *v.at != '['; }
