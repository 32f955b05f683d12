package jsonscan

// Field returns the value of a member of the object that text is, as it is spelled, or nil if text is no object or has no
// such member. If the name comes twice it is the first, which in an event of kind JSON it does not. It does not allocate.
func Field(text []byte, name string) []byte {
	s := New(text)
	if t, err := s.Next(); err != nil || t.Kind != BeginObject {
		return nil
	}
	for {
		t, err := s.Next()
		if err != nil || t.Kind != Name {
			return nil
		}
		value, err := s.Skip()
		if err != nil {
			return nil
		}
		if Equal(s.Bytes(t), name) {
			return s.Bytes(value)
		}
	}
}

// Says reports whether a value, as Field returns it, is a string that spells s, whatever its escapes.
func Says(value []byte, s string) bool {
	return len(value) > 0 && value[0] == '"' && Equal(value, s)
}
