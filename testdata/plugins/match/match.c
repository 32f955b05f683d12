// match drops the events of which a JSON field does not match:
//
//	config: {field: order.total, above: 100, otherwise: drop}
//
// What matches is said by one of equals: VALUE, in: [VALUE, …], prefix: TEXT, exists: true or false, or by above: NUMBER
// and below: NUMBER, one or both. With not: true those that match are dropped instead. otherwise: reject tells the
// publisher that it is at fault. Values are text, numbers (1 equals 1.0), true, false, null. Where the path leads to
// several values, or to an array of them, one that matches is enough. What is no JSON has no field.
#include "../lib/path.h"
#include "../lib/scalar.h"

static path field;
static scalars wanted; // of equals and in
static relay_bytes prefix, above, below;
static enum { NOTHING, WANTED, PREFIX, EXISTS, RANGE } by;
static bool inverse, rejects;
static relay_bytes reason;

static relay_bytes config_number(relay_config *c, const char *name) {
	const relay_bytes v = relay_config_json(c, name);
	if (v.at && !is_number(v)) relay_config_want(c, name, "a number");
	return v;
}

RELAY_ON_INIT(c) {
	relay_config_only(c, "field", "equals", "in", "prefix", "exists", "above", "below", "not", "otherwise");
	const relay_bytes equals = relay_config_json(c, "equals"), in = relay_config_json(c, "in");
	const bool exists = relay_config_json(c, "exists").at;
	field = config_path(c, "field");
	prefix = relay_config_text(c, "prefix", relay_range(0, 0));
	above = config_number(c, "above"), below = config_number(c, "below");
	if (equals.at) by = WANTED, wanted = config_scalars(c, "equals", equals);
	if (in.at) by = WANTED, wanted = config_scalars(c, "in", in);
	if (prefix.at) by = PREFIX;
	if (above.at || below.at) by = RANGE;
	if (exists) by = EXISTS;
	if (!!equals.at + !!in.at + !!prefix.at + exists + (above.at || below.at) != 1)
		relay_config_want(c, "field", "one of equals, in, prefix, exists, or above and below, beside it");
	inverse = relay_config_bool(c, "not", false) != !relay_config_bool(c, "exists", true);
	rejects = config_rejects(c, "otherwise", "drop");
	relay_builder b = {0};
	relay_add(&b, field.text);
	relay_add_str(&b, by == EXISTS && inverse ? " exists" : by == EXISTS ? " does not exist" : inverse ? " matches" : " does not match");
	reason = b.text;
}

static bool fits(relay_bytes v) {
	switch (by) {
	case WANTED: return among(v, &wanted);
	case RANGE: return is_number(v) && (!above.at || compare(v, above) > 0) && (!below.at || compare(v, below) < 0);
	case PREFIX: break;
	default: return true;
	}
	const relay_bytes text = relay_json_text(v);
	return is_text(v) && text.len >= prefix.len && relay_equal(relay_range(text.at, prefix.len), prefix);
}

// look is the visit of what lies at the path.
static bool look(relay_bytes v) {
	relay_json j = relay_json_of(v);
	if (by == EXISTS || !relay_json_take(&j, '[')) return fits(v);
	while (relay_json_element(&j, &v))
		if (fits(v)) return true;
	return false;
}

RELAY_ON_EVENT(e) { return find(&field, e, look) != inverse ? relay_pass() : refuse(rejects, reason); }
