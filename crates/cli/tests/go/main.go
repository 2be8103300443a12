// Checks a full export with the code of Go's checksum database, which shares nothing with Annals but the standards:
//
//	go run . FOLDER VKEY
//
// It opens the checkpoint with the key, hashes every entry, compares every tile, the root, an inclusion and a
// consistency proof, and says how many entries there are.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = s[index]
	}
	return found, nil
}

func fail(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

// The path of c2sp.org/tlog-tiles; width 256 is a full tile.
func path(kind string, index, width int64) string {
	text := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		text = fmt.Sprintf("x%03d/%s", index%1000, text)
	}
	if width < 256 {
		text += fmt.Sprintf(".p/%d", width)
	}
	return filepath.Join("tile", kind, text)
}

func main() {
	folder, vkey := os.Args[1], os.Args[2]
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(folder, name))
		fail("read", err)
		return text
	}
	verifier, err := note.NewVerifier(vkey)
	fail("key", err)
	signed, err := note.Open(read("checkpoint"), note.VerifierList(verifier))
	fail("signature", err)
	lines := strings.Split(signed.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	fail("size", err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	fail("root", err)

	var hashes stored
	for first := int64(0); first < size; first += 256 {
		width := min(256, size-first)
		bundle := read(path("entries", first/256, width))
		tile := read(path("0", first/256, width))
		for i := int64(0); i < width; i++ {
			length := int(binary.BigEndian.Uint16(bundle))
			leaf := tlog.RecordHash(bundle[2 : 2+length])
			if !bytes.Equal(leaf[:], tile[32*i:32*i+32]) {
				fail("tile", fmt.Errorf("entry %d", first+i))
			}
			more, err := tlog.StoredHashesForRecordHash(first+i, leaf, hashes)
			fail("hash", err)
			hashes = append(hashes, more...)
			bundle = bundle[2+length:]
		}
	}
	for level, count := 1, size/256; count > 0; level, count = level+1, count/256 {
		for first := int64(0); first < count; first += 256 {
			width := min(256, count-first)
			tile, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: first / 256, W: int(width)}, hashes)
			fail("tile", err)
			if !bytes.Equal(tile, read(path(strconv.Itoa(level), first/256, width))) {
				fail("tile", fmt.Errorf("level %d, %d", level, first/256))
			}
		}
	}
	tree, err := tlog.TreeHash(size, hashes)
	fail("root", err)
	if !bytes.Equal(tree[:], root) {
		fail("root", fmt.Errorf("the entries give another root than the one signed"))
	}
	proof, err := tlog.ProveRecord(size, size/2, hashes)
	fail("inclusion", err)
	fail("inclusion", tlog.CheckRecord(proof, size, tree, size/2, hashes[tlog.StoredHashIndex(0, size/2)]))
	old, err := tlog.TreeHash(size/2+1, hashes)
	fail("root", err)
	grown, err := tlog.ProveTree(size, size/2+1, hashes)
	fail("consistency", err)
	fail("consistency", tlog.CheckTree(grown, size, tree, size/2+1, old))
	fmt.Printf("verified %d entries of %s\n", size, lines[0])
}
