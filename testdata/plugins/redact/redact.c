// redact hides fields of JSON events:
//
//	config: {fields: [card, user.ssn], with: "***"}
//
// The value of every field of such a name, at any depth and of whatever kind, becomes what with says, which is text (if
// left out, "[redacted]"), a number, true or false. A name with dots is hidden where the names before the dots lead to it,
// directly or through arrays. All other bytes stay as they were. What does not begin as JSON passes. What does, but is
// broken further on, as text may be, is searched to its end all the same.
#include "../lib/path.h"

enum { MAX_DEPTH = 1024 };

static path *fields;
static uint32_t count;
static uint64_t lengths;      // bit n: a field's name has n bytes; bit 63: or more
static name names[MAX_DEPTH]; // what led to each depth; none where it is an element
static relay_bytes mask;

static uint64_t length_bit(uint32_t n) { return 1ull << (n < 63 ? n : 63); }

RELAY_ON_INIT(c) {
	relay_config_only(c, "fields", "with");
	const relay_list list = relay_config_list(c, "fields");
	if (list.len == 0) relay_config_want(c, "fields", "at least one field to redact, such as [card, user.ssn]");
	fields = relay_alloc(list.len * (uint32_t)sizeof *fields);
	for (; count < list.len; count++) {
		const path p = fields[count] = parse_path(c, "fields", list.at[count]);
		if (p.len > 0) lengths |= length_bit(p.steps[p.len - 1].len);
	}
	mask = relay_config_json(c, "with");
	if (!mask.at) mask = TEXT("\"[redacted]\"");
	if (!is_scalar(mask) || relay_is(mask, "null")) relay_config_want(c, "with", "text, a number, true or false");
	if (is_text(mask)) { // without the escapes that only relay's own JSON needs
		relay_builder quoted = {0};
		relay_add_quoted(&quoted, relay_json_text(mask));
		mask = quoted.text;
	}
}

// leads reports whether the names above depth are those before the last of a path; elements are gone through.
static bool leads(const path *p, uint32_t depth) {
	uint32_t step = p->len - 1;
	while (step > 0 && depth-- > 0)
		if (names[depth].at && !is(&names[depth], p->steps[--step])) return false;
	return step == 0;
}

static bool hidden(const name *n, uint32_t depth) {
	if (!n->escaped && !(lengths & length_bit(n->len))) return false;
	for (uint32_t i = 0; i < count; i++)
		if (is(n, fields[i].steps[fields[i].len - 1]) && leads(&fields[i], depth)) return true;
	return false;
}

RELAY_ON_EVENT(e) {
	relay_builder out = {0};
	const relay_bytes text = json_of(e);
	place p = text.at, copied = e->payload.at;
	const place end = text.at + text.len;
	uint32_t depth = 0;
	while (relay_find(&p, end, RELAY_IN_NESTED)) {
		const uint8_t c = *p++;
		if (c == '{' || c == '[') {
			if (++depth == MAX_DEPTH) return relay_fail(TEXT("is nested too deeply to be redacted"));
			names[depth].at = 0;
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
		} else {
			name n = {p, 0, false};
			p = relay_after_string(p, end, &n.escaped);
			n.len = (uint32_t)(p - n.at) - 1;
			if (relay_next(&p, end) != ':') continue;
			p++;
			relay_next(&p, end);
			names[depth] = n;
			if (!hidden(&n, depth)) continue;
			const place value = p;
			p = value_end(p, end);
			if (p == value) continue;
			relay_add(&out, relay_range(copied, (uint32_t)(value - copied)));
			relay_add(&out, mask);
			copied = p;
		}
	}
	if (copied == e->payload.at) return relay_pass();
	relay_add(&out, relay_range(copied, (uint32_t)(end - copied)));
	return relay_replace(out.text);
}
