// SPDX-License-Identifier: Apache-2.0

// A Go program: goroutines, channels, maps, files, directories, time, sorting.
// usage: program DIRECTORY. Its output is the same natively and as a guest.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

var root = "."

func check(what string, err error) {
	var pe *fs.PathError
	switch {
	case err == nil:
		fmt.Println(what+":", "done")
	case errors.As(err, &pe):
		fmt.Println(what+":", strings.ToLower(pe.Err.Error()))
	default:
		fmt.Println(what+":", err)
	}
}

// Sums of squares by workers over a channel.
func workers() {
	jobs, results := make(chan int), make(chan int)
	var wg sync.WaitGroup
	for range [8]int{} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := range jobs {
				results <- n * n
			}
		}()
	}
	go func() {
		for i := 1; i <= 2000; i++ {
			jobs <- i
		}
		close(jobs)
		wg.Wait()
		close(results)
	}()
	sum := 0
	for r := range results {
		sum += r
	}
	fmt.Println("squares:", sum)
}

func maps() {
	counts := map[string]int{}
	text := strings.Repeat("the quick brown fox jumps over the lazy dog ", 500)
	for _, w := range strings.Fields(text) {
		counts[w]++
	}
	words := make([]string, 0, len(counts))
	for w := range counts {
		words = append(words, w)
	}
	sort.Slice(words, func(i, j int) bool {
		if counts[words[i]] != counts[words[j]] {
			return counts[words[i]] > counts[words[j]]
		}
		return words[i] < words[j]
	})
	out, err := json.Marshal(map[string]any{"first": words[:3], "n": counts, "pi": 3.25})
	fmt.Println(string(out), err)
}

func files() {
	dir := filepath.Join(root, "go")
	check("mkdir", os.Mkdir(dir, 0o777))
	check("mkdir again", os.Mkdir(dir, 0o777))
	f, err := os.Create(filepath.Join(dir, "lines.txt"))
	check("create", err)
	w := bufio.NewWriter(f)
	for i := 0; i < 50000; i++ {
		fmt.Fprintf(w, "line %d\n", i)
	}
	check("flush", w.Flush())
	check("close", f.Close())
	data, err := os.ReadFile(filepath.Join(dir, "lines.txt"))
	check("read", err)
	fmt.Printf("%d bytes, sha256 %x\n", len(data), sha256.Sum256(data))
	for i := 0; i < 300; i++ {
		name := filepath.Join(dir, fmt.Sprintf("entry-%03d-%s", i, strings.Repeat("x", i%90)))
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			check("write", err)
		}
	}
	check("rename", os.Rename(filepath.Join(dir, "entry-000-"), filepath.Join(dir, "renamed")))
	check("remove missing", os.Remove(filepath.Join(dir, "entry-000-")))
	check("remove full", os.Remove(dir))
	_, err = os.Open(filepath.Join(dir, "none"))
	check("open missing", err)
}

func listing() {
	n, hash := 0, sha256.New()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if rel == "." || !strings.HasPrefix(rel, "go") {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size := info.Size()
		if d.IsDir() {
			size = 0
		}
		fmt.Fprintln(hash, rel, d.IsDir(), size)
		n++
		return nil
	})
	fmt.Printf("%d entries, sha256 %x, %v\n", n, hash.Sum(nil), err)
}

func times() {
	start := time.Now()
	timer := time.After(20 * time.Millisecond)
	ticks := time.NewTicker(2 * time.Millisecond)
	defer ticks.Stop()
	n := 0
	for done := false; !done || n == 0; { // both, however slow we are
		select {
		case <-ticks.C:
			n++
		case <-timer:
			done = true
		}
	}
	fmt.Println("ticked:", n > 0, "long enough:", time.Since(start) >= 20*time.Millisecond)
	fmt.Println(time.Unix(1700000000, 0).UTC().Format(time.RFC1123))
}

func main() {
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	workers()
	maps()
	files()
	listing()
	times()
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var m map[string]int
		m["x"] = 1
	}()
	_, set := os.LookupEnv("HOME")
	fmt.Println("HOME set:", set)
	os.Exit(7)
}
