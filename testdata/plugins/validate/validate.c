// validate rejects events that do not match a schema, and says what is wrong where, as in "items[2].sku: is missing":
//
//	config: {schema: {type: object, required: [id], properties: {id: {type: integer, minimum: 1}}}, answer: reject}
//
// The schema is a subset of JSON Schema: type (one, or a list), enum, const, minimum, maximum, exclusiveMinimum,
// exclusiveMaximum, minLength, maxLength, properties, required, additionalProperties (true or false), minProperties,
// maxProperties, items (one schema for all), minItems, maxItems. enum and const have no lists and objects. title,
// description, default, examples, deprecated, readOnly, writeOnly and names that begin with $ (but $ref) say nothing
// here; any other keyword is refused. Numbers are compared exactly, as they are written; 1.0 is an integer. What is no JSON
// does not match. answer: drop drops without telling the publisher that it is at fault.
#include "schema.h"

static const node *schema;
static bool rejects;
static relay_builder fault; // the first that is found
static struct {
	name name; // none: an element
	int64_t index;
} trail[MAX_NESTED + 1]; // where it is, innermost first
static uint32_t trail_len;

RELAY_ON_INIT(c) {
	relay_config_only(c, "schema", "answer");
	rejects = config_rejects(c, "answer", "reject");
	const relay_bytes text = relay_config_json(c, "schema");
	if (!text.at) relay_config_want(c, "schema", "a schema, such as {type: object, required: [id]}");
	enter(TEXT("schema"));
	if (text.at) schema = read_schema(c, text, 0);
}

// wrong notes the first fault: what is wrong, and with what.
static void wrong(const char *what, relay_bytes with) {
	if (fault.text.len > 0) return;
	relay_add_str(&fault, ": ");
	relay_add_str(&fault, what);
	relay_add(&fault, with);
}

static bool broken(void) { return fault.text.len > 0; }

static void check_type(const node *n, uint32_t type) {
	if (!n->types || n->types & type || broken()) return;
	wrong("want ", TEXT(""));
	bool more = false;
	EACH_TYPE(i) if (n->types & TYPES[i].bit) {
		if (more) relay_add_str(&fault, " or ");
		relay_add_str(&fault, TYPES[i].name);
		more = true;
	}
}

static void check_range(const range *r, int64_t n, const char *few, const char *many) {
	const int64_t bound = n < r->least ? r->least : r->most - 1;
	if (broken() || (n >= r->least && (r->most == 0 || n < r->most))) return;
	wrong(n < r->least ? few : many, TEXT(""));
	relay_add_int(&fault, bound);
}

static void check_number(const node *n, relay_bytes v) {
	if (n->minimum.at && compare(v, n->minimum) < 0) wrong("is less than ", n->minimum);
	if (n->maximum.at && compare(v, n->maximum) > 0) wrong("is more than ", n->maximum);
	if (n->above.at && compare(v, n->above) <= 0) wrong("is not more than ", n->above);
	if (n->below.at && compare(v, n->below) >= 0) wrong("is not less than ", n->below);
}

static void check_text(const node *n, relay_bytes v) {
	if (n->length.least == 0 && n->length.most == 0) return;
	const relay_bytes text = relay_json_text(v);
	int64_t letters = 0;
	for (uint32_t i = 0; i < text.len; i++) letters += (text.at[i] & 0xc0) != 0x80;
	check_range(&n->length, letters, "is shorter than ", "is longer than ");
}

static void check_scalar(const node *n, relay_bytes v) {
	switch (relay_json_kind(v)) {
	case '"':
		check_type(n, STRING);
		check_text(n, v);
		break;
	case '0':
		check_type(n, whole(v) ? NUMBER | INTEGER : NUMBER);
		check_number(n, v);
		break;
	default: check_type(n, *v.at == 'n' ? NOTHING : BOOLEAN);
	}
	if (n->values.at && !among(v, &n->values)) wrong("is none of the values that it may have", TEXT(""));
}

// came notes, from the inside out, the way to the fault.
static void came(name n, int64_t index) {
	trail[trail_len].name = n;
	trail[trail_len++].index = index;
}

static place check(const node *n, place p, place end);

static place check_items(const node *n, place p, const place end) {
	place value, after;
	int64_t count = 0;
	for (; (value = next_element(p, end, &after)); count++) {
		p = check(n->items, value, end);
		if (broken()) return came((name){0}, count), end;
	}
	check_range(&n->items_count, count, "has fewer elements than ", "has more elements than ");
	return after;
}

static place check_members(const node *n, place p, const place end) {
	place value, after;
	name m;
	uint64_t seen = 0;
	int64_t count = 0;
	for (; (value = next_member(p, end, &m, &after)); count++) {
		const property *known = n->properties;
		while (known && !is(&m, known->name)) known = known->next;
		if (known) seen |= known->required;
		if (n->closed && !(known && known->declared)) wrong("is not allowed", TEXT(""));
		p = check(known ? known->schema : 0, value, end);
		if (broken()) return came(m, 0), end;
	}
	for (const property *p = n->properties; p && n->required != seen && !broken(); p = p->next)
		if (p->required & ~seen) wrong("is missing", TEXT("")), came((name){p->name.at, p->name.len, false}, 0);
	check_range(&n->members, count, "has fewer members than ", "has more members than ");
	return after;
}

// check holds the value at p, which is well formed, to a schema, and returns where it ends. It nests as the schema does.
static place check(const node *n, place p, const place end) {
	if (!n) return value_end(p, end);
	if (*p == '{' || *p == '[') {
		check_type(n, *p == '{' ? OBJECT : ARRAY);
		if (n->values.at) wrong("is none of the values that it may have", TEXT(""));
		if (broken()) return end;
		return *p == '{' ? check_members(n, p + 1, end) : check_items(n, p + 1, end);
	}
	const place value = p;
	p = value_end(p, end);
	check_scalar(n, relay_range(value, (uint32_t)(p - value)));
	return p;
}

// reason returns where the fault is, and what: items[2].sku: is missing.
static relay_bytes reason(void) {
	relay_builder b = {0};
	if (trail_len == 0) relay_add_str(&b, "event");
	while (trail_len-- > 0) {
		const name n = trail[trail_len].name;
		if (n.at && b.text.len > 0) relay_add_byte(&b, '.');
		if (n.at) relay_add(&b, relay_range(n.at, n.len));
		else relay_add_byte(&b, '['), relay_add_int(&b, trail[trail_len].index), relay_add_byte(&b, ']');
	}
	relay_add(&b, fault.text);
	return b.text;
}

RELAY_ON_EVENT(e) {
	fault = (relay_builder){0}, trail_len = 0;
	place p = e->payload.at;
	const place end = p + e->payload.len;
	relay_next(&p, end);
	if (e->kind == RELAY_JSON) check(schema, p, end);
	else wrong("is not JSON, or was not sent as JSON", TEXT(""));
	return broken() ? refuse(rejects, reason()) : relay_pass();
}
