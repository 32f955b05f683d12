package jsonscan_test

import (
	"fmt"

	"eventrelay/sdk/jsonscan"
)

// Find the value of a field, wherever it is, without decoding the rest.
func ExampleScanner() {
	text := []byte(`{"id": 12345678901234567890, "customer": {"name": "Ada \u263a", "vip": true}}`)
	s := jsonscan.New(text)
	for {
		token, err := s.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		if token.Kind != jsonscan.Name || !jsonscan.Equal(s.Bytes(token), "name") {
			continue
		}
		value, err := s.Skip()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s at byte %d: %s\n", s.Bytes(value), value.Start, jsonscan.AppendUnquoted(nil, s.Bytes(value)))
	}
	// Output:
	// "Ada \u263a" at byte 50: Ada ☺
	// EOF
}
