// scalar.h compares values with those of the configuration: texts by what they say, numbers by what they are worth.
#pragma once
#include "config.h"
#include "number.h"

typedef struct {
	relay_bytes value; // of a text, what it says
	bool is_text;
} scalar;

typedef struct {
	scalar *at;
	uint32_t len;
} scalars;

static bool equals(relay_bytes v, const scalar *s) {
	if (is_text(v) || s->is_text) return is_text(v) && s->is_text && spells(v, s->value);
	if (is_number(v) && is_number(s->value)) return compare(v, s->value) == 0;
	return relay_equal(v, s->value);
}

static bool among(relay_bytes v, const scalars *list) {
	for (uint32_t i = 0; i < list->len; i++)
		if (equals(v, &list->at[i])) return true;
	return false;
}

// config_scalars reads a list of values, or a value as a list of one.
static scalars config_scalars(relay_config *c, const char *name, relay_bytes list) {
	static const char *want = "text, a number, true, false or null, and nothing nested";
	scalars s = {relay_alloc(list.len * (uint32_t)sizeof(scalar)), 0}; // an element takes a byte at least
	relay_json j = relay_json_of(list);
	relay_bytes v;
	const bool many = relay_json_take(&j, '[');
	while (relay_json_element(&j, &v)) {
		if (!is_scalar(v)) relay_config_want(c, name, want);
		s.at[s.len++] = (scalar){relay_json_text(v), is_text(v)};
		if (!many) break;
	}
	if (s.len == 0) relay_config_want(c, name, want);
	return s;
}
