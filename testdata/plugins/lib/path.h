// path.h finds what lies at a path such as user.cards.number. Arrays on the way are gone through, element by element; a
// dot that is part of a name is written \. there.
#pragma once
#include "config.h"

enum { MAX_STEPS = 16, MAX_NESTED = 64 };

typedef struct {
	relay_bytes text; // as configured
	relay_bytes steps[MAX_STEPS];
	uint32_t len;
} path;

// parse_path takes a path apart; name is the key of the configuration that has it.
static path parse_path(relay_config *c, const char *name, relay_bytes text) {
	path p = {.text = text};
	uint8_t *at = relay_alloc(text.len), *begun = at;
	for (uint32_t i = 0; i <= text.len; i++) {
		if (i + 1 < text.len && text.at[i] == '\\' && text.at[i + 1] == '.') {
			*at++ = text.at[++i];
		} else if (i < text.len && text.at[i] != '.') {
			*at++ = text.at[i];
		} else if (at == begun || p.len == MAX_STEPS) {
			relay_config_want(c, name, "a field's name, or at most 16 joined by dots, such as user.id (a dot in a name is \\.)");
			return p;
		} else {
			p.steps[p.len++] = relay_range(begun, (uint32_t)(at - begun));
			begun = at;
		}
	}
	return p;
}

static path config_path(relay_config *c, const char *name) { return parse_path(c, name, relay_config_text(c, name, TEXT(""))); }

// A visit gets a value that lies at a path, and returns whether it has seen enough.
typedef bool visit(relay_bytes value);

typedef struct {
	const path *path;
	visit *visit;
	bool done;
} search;

// search_at searches the value at p from a step of the path on, once through it, and returns where it ends.
static place search_at(search *s, place p, const place end, uint32_t step, uint32_t nested) {
	place value, after;
	name n;
	if (step == s->path->len) {
		value = p, p = value_end(p, end);
		if (p > value) s->done = s->visit(relay_range(value, (uint32_t)(p - value)));
	} else if (*p == '{' && nested < MAX_NESTED) {
		for (p++; (value = next_member(p, end, &n, &after));) {
			p = is(&n, s->path->steps[step]) ? search_at(s, value, end, step + 1, nested + 1) : value_end(value, end);
			if (s->done || p == value) return end;
		}
		p = after;
	} else if (*p == '[' && nested < MAX_NESTED) {
		for (p++; (value = next_element(p, end, &after));) {
			p = search_at(s, value, end, step, nested + 1);
			if (s->done || p == value) return end;
		}
		p = after;
	} else {
		p = value_end(p, end);
	}
	return p;
}

// find visits what lies at a path of the event, until it has been enough; it returns whether it was.
static bool find(const path *p, const relay_event *e, visit *v) {
	const relay_bytes text = json_of(e);
	search s = {p, v, false};
	if (text.len > 0) search_at(&s, text.at, text.at + text.len, 0, 0);
	return s.done;
}
