package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const mib = 1 << 20

var (
	pattern = regexp.MustCompile("^(a+)+$")
	kept    [][]byte
)

type user struct{ name string }

// Mistakes that a filter's author makes, and what a client makes of them. Returns what came of it, if it returns.
func attack(name, input string) string {
	switch name {
	case "panic":
		panic("on purpose")
	case "caught":
		return caught()
	case "bounds":
		return strings.Split(input, ",")[len(input)]
	case "null":
		return userOf(input).name
	case "divide":
		number, _ := strconv.Atoi(input)
		return strconv.Itoa(100 / number)
	case "loop":
		for {
		}
	case "recursion":
		return strconv.Itoa(depth(1))
	case "memory":
		for {
			keep()
		}
	case "keep":
		keep()
		return "kept"
	case "regex":
		return fmt.Sprintf("matches: %t", pattern.MatchString(input))
	}
	return "unknown"
}

func caught() (outcome string) {
	defer func() {
		if reason := recover(); reason != nil {
			outcome = "caught"
		}
	}()
	panic("on purpose")
}

func userOf(input string) *user {
	if name, ok := strings.CutPrefix(input, "Bearer "); ok {
		return &user{name}
	}
	return nil
}

func depth(at int) int {
	return depth(at+1) + 1
}

func keep() {
	block := make([]byte, mib)
	for i := range block {
		block[i] = 1
	}
	kept = append(kept, block)
}
