// json.h: finds its way through JSON, for the sample filters beside it. It reads no byte beyond the end of the text,
// whatever the text is, but understands only what is well formed.
#pragma once
#include "relay.h"

static const u8 *at, *end; // what is left of the text
static span name, val;     // the last member, or element; names and texts with their quotes

static void text(span s) { at = s.at, end = s.at + s.len; }

// accept takes c, and the white space before it, if it is next.
static __attribute__((noinline)) int accept(u8 c) {
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
	if (at == end || *at != c) return 0;
	at++;
	return 1;
}

// holds reports whether one of the eight bytes of w is c. (Where one is, later ones may seem to be.)
static int holds(u64 w, u8 c) {
	const u64 ones = 0x0101010101010101;
	w ^= ones * c;
	return ((w - ones) & ~w & ones << 7) != 0;
}

// after_string returns where a string ends whose opening quote is before p, eight bytes at a time where it can. Like
// value it keeps to locals: at and end are in memory, where each step would write and read them.
static const u8 *after_string(const u8 *p, const u8 *const stop) {
	while (p < stop) {
		u8 c = 0;
		for (u64 w; stop - p >= 8; p += 8) {
			__builtin_memcpy(&w, p, 8);
			if (holds(w, '"') || holds(w, '\\')) break;
		}
		while (p < stop && (c = *p++) != '"' && c != '\\') {}
		if (c == '"') break;
		if (c == '\\' && p < stop) p++;
	}
	return p;
}

// value takes one value and sets val; it returns 0 if there is none.
static __attribute__((noinline)) int value(void) {
	u32 depth = 0;
	accept(0); // white space
	const u8 *p = val.at = at, *const stop = end;
	while (p < stop) {
		u8 c = *p;
		if (c == '}' || c == ']') {
			if (depth == 0) break;
			depth--;
		} else if (depth == 0 && (c == ',' || c == ':' || c <= ' ')) {
			break;
		}
		p++;
		if (c == '{' || c == '[') depth++;
		if (c == '"') p = after_string(p, stop);
	}
	at = p;
	val.len = (u32)(p - val.at);
	return val.len > 0;
}

// member takes a member of an object, after the opening brace or the comma, and sets name and val.
static __attribute__((noinline)) int member(void) {
	if (!value()) return 0;
	name = val;
	return accept(':') && value();
}

static __attribute__((noinline)) int same(const span *a, const span *b) {
	if (a->len != b->len) return 0;
	for (u32 i = 0; i < a->len; i++)
		if (a->at[i] != b->at[i]) return 0;
	return 1;
}
