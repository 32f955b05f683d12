package shipped

// filters are those that ship, by name.
var filters = []Filter{
	{
		Name:   "dedupe",
		About:  "lets an event pass once in a time",
		Config: "{key: field order.id, window: 10m}",
		Keys:   "key (payload, publisher, attribute NAME, field PATH), window, answer (drop, reject)",
		Allow:  []string{"kv"},
	},
	{
		Name:   "enrich",
		About:  "gives events attributes: fixed ones, fields, a running number; and clients a member with them",
		Config: "{set: {region: eu}, from: {tenant: user.tenant}, count: seq, into: meta}",
		Keys:   "set, from, count, by (topic, publisher, payload, attribute NAME, field PATH), per, into",
		Allow:  []string{"kv"},
	},
	{
		Name:   "match",
		About:  "drops events of which a JSON field does not match",
		Config: "{field: order.total, above: 100}",
		Keys:   "field; equals, in, prefix, exists, or above and below; not, otherwise (drop, reject)",
	},
	{
		Name:   "ratelimit",
		About:  "refuses events beyond so many in a time",
		Config: "{events: 100, per: 10s, by: publisher}",
		Keys:   "events, per, by (topic, publisher, payload, attribute NAME, field PATH), answer (reject, drop)",
		Allow:  []string{"kv"},
	},
	{
		Name:   "redact",
		About:  "hides fields of JSON events, at any depth",
		Config: "{fields: [card, user.ssn], with: \"***\"}",
		Keys:   "fields, with",
	},
	{
		Name:   "sample",
		About:  "lets a share of the events pass, at random or by a key",
		Config: "{keep: 0.1, by: field user.id}",
		Keys:   "keep, by (random, topic, publisher, payload, attribute NAME, field PATH)",
		Allow:  []string{"random"},
	},
	{
		Name:   "split",
		About:  "makes one event of each element of a JSON array",
		Config: "{field: items, topic: orders.item, max: 50}",
		Keys:   "field, topic, max",
	},
	{
		Name:   "validate",
		About:  "rejects events that do not match a JSON Schema, and says where",
		Config: "{schema: {type: object, required: [id]}}",
		Keys:   "schema (type, enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, properties, required, additionalProperties, minProperties, maxProperties, items, minItems, maxItems), answer (reject, drop)",
	},
}
