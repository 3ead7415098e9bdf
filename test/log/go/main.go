// Reads a log as Go's own packages do: the note of a checkpoint, the inclusion of each entry, and the consistency with an
// earlier tree. What it is given is one JSON document on standard input.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"hanaper.test/reader/note"
	"hanaper.test/reader/tlog"
)

type input struct {
	VerifierKey string
	Checkpoint  []byte
	Older       struct {
		Size  int64
		Root  []byte
		Proof [][]byte
	}
	Entries []struct {
		Index int64
		Entry []byte
		Proof [][]byte
	}
}

func hashOf(bytes []byte) (hash tlog.Hash) {
	copy(hash[:], bytes)
	return hash
}

func hashesOf(list [][]byte) (hashes []tlog.Hash) {
	for _, bytes := range list {
		hashes = append(hashes, hashOf(bytes))
	}
	return hashes
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	var in input
	check(json.NewDecoder(os.Stdin).Decode(&in))
	verifier, err := note.NewVerifier(in.VerifierKey)
	check(err)
	opened, err := note.Open(in.Checkpoint, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	var root tlog.Hash
	check(root.UnmarshalJSON([]byte(`"` + lines[2] + `"`)))
	for _, each := range in.Entries {
		check(tlog.CheckRecord(hashesOf(each.Proof), size, root, each.Index, tlog.RecordHash(each.Entry)))
	}
	check(tlog.CheckTree(hashesOf(in.Older.Proof), size, root, in.Older.Size, hashOf(in.Older.Root)))
	fmt.Printf("%d entries of %d\n", len(in.Entries), size)
}
