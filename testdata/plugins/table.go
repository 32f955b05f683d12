package shipped

// filters are those that ship, by name.
var filters = []Filter{
	{
		Name:   "split",
		About:  "makes one event of each element of a JSON array",
		Config: "{topic: orders.item}",
		Keys:   "topic",
	},
}
