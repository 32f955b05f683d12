// schema.h reads a subset of JSON Schema into nodes.
#pragma once
#include "../lib/scalar.h"

enum { MAX_NESTED = 32, MAX_REQUIRED = 64 };
enum { OBJECT = 1, ARRAY = 2, STRING = 4, BOOLEAN = 8, NOTHING = 16, NUMBER = 32, INTEGER = 64 };

typedef struct node node;

typedef struct property {
	struct property *next;
	relay_bytes name;
	const node *schema; // none: anything
	bool declared;      // in properties, and not only in required
	uint64_t required;  // its bit of node.required, if it is
} property;

// range is of counts; most is one more than is allowed, 0 without a limit.
typedef struct {
	int64_t least, most;
} range;

struct node {
	uint32_t types; // 0: all
	scalars values; // of enum and const
	relay_bytes minimum, maximum, above, below;
	range length, items_count, members;
	property *properties;
	uint64_t required;
	uint32_t required_count;
	bool closed;
	const node *items;
};

static const struct {
	const char *name;
	uint32_t bit;
} TYPES[] = {{"object", OBJECT}, {"array", ARRAY}, {"string", STRING}, {"boolean", BOOLEAN}, {"null", NOTHING}, {"number", NUMBER}, {"integer", INTEGER}};

#define EACH_TYPE(i) for (uint32_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)

// where is the where in the schema that is read: schema.properties.id. It ends with a zero.
static char where[256];
static uint32_t where_len;

// enter goes on to a name, and returns what leave takes.
static uint32_t enter(relay_bytes name) {
	const uint32_t back = where_len;
	if (where_len > 0 && where_len < sizeof where - 1) where[where_len++] = '.';
	for (uint32_t i = 0; i < name.len && where_len < sizeof where - 1; i++) where[where_len++] = (char)name.at[i];
	where[where_len] = 0;
	return back;
}

static void leave(uint32_t back) { where[where_len = back] = 0; }

// property_of returns the property of a name, which is made if it is not there.
static property *property_of(node *n, relay_bytes name) {
	property **last = &n->properties;
	for (; *last; last = &(*last)->next)
		if (relay_equal((*last)->name, name)) return *last;
	*last = relay_alloc(sizeof(property));
	**last = (property){.name = name};
	return *last;
}

static void read_types(relay_config *c, node *n, relay_bytes v) {
	relay_json j = relay_json_of(v);
	relay_bytes name;
	const bool many = relay_json_take(&j, '[');
	bool good = true;
	while (good && relay_json_element(&j, &name)) {
		uint32_t bit = 0;
		EACH_TYPE(i) if (spells(name, relay_str(TYPES[i].name))) bit = TYPES[i].bit;
		n->types |= bit;
		good = bit != 0 && many;
		if (bit && !many) return;
	}
	if (!good || !n->types) relay_config_want(c, where, "object, array, string, boolean, null, number or integer, or a list of them");
}

static void read_required(relay_config *c, node *n, relay_bytes v) {
	relay_json j = relay_json_of(v);
	relay_bytes name;
	bool good = relay_json_take(&j, '[');
	while (good && relay_json_element(&j, &name)) {
		property *p = property_of(n, relay_json_text(name));
		good = is_text(name) && n->required_count < MAX_REQUIRED;
		if (good && !p->required) n->required |= p->required = 1ull << n->required_count++;
	}
	if (!good) relay_config_want(c, where, "a list of at most 64 names");
}

static void read_values(relay_config *c, node *n, relay_bytes v) {
	if (n->values.at) relay_config_want(c, where, "enum or const, and not both");
	n->values = config_scalars(c, where, v);
}

static int64_t read_count(relay_config *c, relay_bytes v) {
	int64_t n = 0;
	if (!relay_parse_int(v, &n) || n < 0 || n > (int64_t)1 << 40) relay_config_want(c, where, "a whole number");
	return n;
}

static relay_bytes read_number(relay_config *c, relay_bytes v) {
	if (!is_number(v)) relay_config_want(c, where, "a number");
	return v;
}

static const node *read_schema(relay_config *c, relay_bytes text, uint32_t nested);

static void read_properties(relay_config *c, node *n, relay_bytes v, uint32_t nested) {
	relay_json j = relay_json_of(v);
	relay_bytes name, value;
	if (!relay_json_take(&j, '{')) relay_config_want(c, where, "names, each with a schema");
	while (!c->failed && relay_json_member(&j, &name, &value)) {
		name = relay_json_text(name);
		const uint32_t back = enter(name);
		property *p = property_of(n, name);
		p->declared = true, p->schema = read_schema(c, value, nested);
		leave(back);
	}
}

static bool is_remark(relay_bytes name) {
	static const char *remarks[] = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"};
	for (uint32_t i = 0; i < sizeof remarks / sizeof *remarks; i++)
		if (relay_is(name, remarks[i])) return true;
	return name.len > 0 && *name.at == '$' && !relay_is(name, "$ref");
}

static void read_keyword(relay_config *c, node *n, relay_bytes name, relay_bytes v, uint32_t nested) {
#define KEYWORD(s) else if (relay_is(name, s))
	if (is_remark(name)) return;
	KEYWORD("type") read_types(c, n, v);
	KEYWORD("enum") read_values(c, n, v);
	KEYWORD("const") read_values(c, n, is_scalar(v) ? v : TEXT(""));
	KEYWORD("minimum") n->minimum = read_number(c, v);
	KEYWORD("maximum") n->maximum = read_number(c, v);
	KEYWORD("exclusiveMinimum") n->above = read_number(c, v);
	KEYWORD("exclusiveMaximum") n->below = read_number(c, v);
	KEYWORD("minLength") n->length.least = read_count(c, v);
	KEYWORD("maxLength") n->length.most = read_count(c, v) + 1;
	KEYWORD("minItems") n->items_count.least = read_count(c, v);
	KEYWORD("maxItems") n->items_count.most = read_count(c, v) + 1;
	KEYWORD("minProperties") n->members.least = read_count(c, v);
	KEYWORD("maxProperties") n->members.most = read_count(c, v) + 1;
	KEYWORD("required") read_required(c, n, v);
	KEYWORD("properties") read_properties(c, n, v, nested + 1);
	KEYWORD("items") n->items = read_schema(c, v, nested + 1);
	KEYWORD("additionalProperties") {
		n->closed = relay_is(v, "false");
		if (!n->closed && !relay_is(v, "true")) relay_config_want(c, where, "true or false; this filter takes no schema here");
	}
	else relay_config_want(c, where, "a keyword that this filter knows: type, enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, "
		"properties, required, additionalProperties, minProperties, maxProperties, items, minItems, maxItems");
}

static const node *read_schema(relay_config *c, relay_bytes text, uint32_t nested) {
	relay_json j = relay_json_of(text);
	relay_bytes name, value;
	if (relay_is(text, "true")) return 0;
	node *n = relay_alloc(sizeof(node));
	*n = (node){0};
	if (nested == MAX_NESTED) relay_config_want(c, where, "no more than 32 levels");
	if (!relay_json_take(&j, '{')) relay_config_want(c, where, "a schema, such as {type: object}");
	while (!c->failed && relay_json_member(&j, &name, &value)) {
		name = relay_json_text(name);
		const uint32_t back = enter(name);
		read_keyword(c, n, name, value, nested);
		leave(back);
	}
	return n;
}
