// json.h finds its way through JSON where it lies, for filters that look at every byte: relay.h's own reader asks less of
// who writes with it, this one less of the processor. It reads no byte beyond the end of the text, whatever the text is.
#pragma once
#include "../../../sdk/c/relay.h"

#define TEXT(s) relay_range(s, sizeof(s) - 1)

typedef const uint8_t *place; // in the text

static inline place blank(place p, const place end) {
	while (p < end && *p <= ' ') p++;
	return p;
}

// marks sets the high bit of each byte of w that is c; above one that is, others may be set, too.
static inline uint64_t marks(uint64_t w, uint8_t c) {
	const uint64_t ones = 0x0101010101010101;
	w ^= ones * c;
	return (w - ones) & ~w & ones << 7;
}

// string_end returns where a string ends whose opening quote is before p, and sets *escaped if it has a backslash.
static inline place string_end(place p, const place end, bool *escaped) {
	for (uint64_t w, m; end - p >= 8;) {
		__builtin_memcpy(&w, p, 8);
		m = marks(w, '"') | marks(w, '\\');
		if (m == 0) {
			p += 8;
			continue;
		}
		p += __builtin_ctzll(m) >> 3;
		if (*p == '"') return p + 1;
		*escaped = true;
		p += 2;
	}
	while (p < end) {
		const uint8_t c = *p++;
		if (c == '"') return p;
		if (c == '\\') *escaped = true, p++;
	}
	return end;
}

// nested_end returns where the object or array ends that begins before p.
static __attribute__((noinline)) place nested_end(place p, const place end) {
	bool escaped;
	for (uint32_t depth = 1; p < end;) {
		const uint8_t c = *p++;
		if (c == '"') p = string_end(p, end, &escaped);
		else if (c == '{' || c == '[') depth++;
		else if ((c == '}' || c == ']') && --depth == 0) break;
	}
	return p;
}

// value_end returns where the value ends that begins at p; p itself if there is none.
static inline place value_end(place p, const place end) {
	bool escaped;
	if (p == end) return p;
	if (*p == '"') return string_end(p + 1, end, &escaped);
	if (*p == '{' || *p == '[') return nested_end(p + 1, end);
	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ':' && *p > ' ') p++;
	return p;
}

// name is that of a member, without its quotes.
typedef struct {
	place at;
	uint32_t len;
	bool escaped;
} name;

// next_member takes the name of the next member of an object, and returns where its value begins; at the object's end, or
// where it is no JSON, null, and *after is where it ends.
static inline place next_member(place p, const place end, name *n, place *after) {
	p = blank(p, end);
	if (p < end && *p == ',') p = blank(p + 1, end);
	*after = p < end && *p == '}' ? p + 1 : end;
	if (p == end || *p != '"') return 0;
	n->at = p + 1, n->escaped = false;
	p = string_end(p + 1, end, &n->escaped);
	n->len = (uint32_t)(p - n->at) - 1;
	p = blank(p, end);
	if (p == end || *p != ':') return 0;
	p = blank(p + 1, end);
	return p < end ? p : 0;
}

// next_element returns where the next element of an array begins, as next_member does.
static inline place next_element(place p, const place end, place *after) {
	p = blank(p, end);
	if (p < end && *p == ',') p = blank(p + 1, end);
	*after = p < end && *p == ']' ? p + 1 : end;
	return p < end && *p != ']' && *p != '}' && *p != ':' ? p : 0;
}

static inline bool same(place a, place b, uint32_t n) {
	for (uint64_t x, y; n >= 8; a += 8, b += 8, n -= 8) {
		__builtin_memcpy(&x, a, 8);
		__builtin_memcpy(&y, b, 8);
		if (x != y) return false;
	}
	while (n > 0)
		if (n--, a[n] != b[n]) return false;
	return true;
}

// is reports whether a name is text, whatever escapes it is spelled with.
static inline bool is(const name *n, relay_bytes text) {
	if (!n->escaped) return n->len == text.len && same(n->at, text.at, n->len);
	return relay_json_says(relay_range(n->at - 1, n->len + 2), text);
}

// spells is the same of a JSON string with its quotes.
static bool spells(relay_bytes quoted, relay_bytes text) {
	if (quoted.len < text.len + 2 || *quoted.at != '"') return false;
	name n = {quoted.at + 1, quoted.len - 2, false};
	string_end(n.at, quoted.at + quoted.len, &n.escaped);
	return is(&n, text);
}

// json_of returns what of the payload may be an object or array, by its text and not by how it was labelled: a client may
// send JSON as text. It is empty where it is none.
static relay_bytes json_of(const relay_event *e) {
	place p = e->payload.at;
	const place end = p + e->payload.len;
	if (end - p >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) p += 3; // a mark that some readers skip
	p = blank(p, end);
	return relay_range(p, p < end && (*p == '{' || *p == '[') ? (uint32_t)(end - p) : 0);
}

static bool is_text(relay_bytes v) { return relay_json_kind(v) == '"'; }
static bool is_number(relay_bytes v) { return relay_json_kind(v) == '0'; }
static bool is_scalar(relay_bytes v) { return v.len > 0 && *v.at != '{' && *v.at != '['; }
