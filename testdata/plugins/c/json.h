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

// string takes the rest of a string, whose opening quote was taken.
static void string(void) {
	while (at < end) {
		u8 c = *at++;
		if (c == '"') return;
		if (c == '\\' && at < end) at++;
	}
}

// value takes one value and sets val; it returns 0 if there is none.
static __attribute__((noinline)) int value(void) {
	u32 depth = 0;
	accept(0); // white space
	val.at = at;
	while (at < end) {
		u8 c = *at;
		if (c == '}' || c == ']') {
			if (depth == 0) break;
			depth--;
		} else if (depth == 0 && (c == ',' || c == ':' || c <= ' ')) {
			break;
		}
		at++;
		if (c == '{' || c == '[') depth++;
		if (c == '"') string();
	}
	val.len = (u32)(at - val.at);
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
