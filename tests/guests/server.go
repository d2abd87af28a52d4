// SPDX-License-Identifier: Apache-2.0
// An echo server of Go's net package on the socket it was given. usage: server FD MODE
// A connection that sends "quit" ends it, with exit status 42; a reset one with 1.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

func serve(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if strings.HasPrefix(string(buf[:n]), "quit") {
			os.Exit(42)
		}
		if n > 0 {
			if _, err := c.Write(buf[:n]); err != nil {
				fmt.Println("write:", err)
				os.Exit(1)
			}
		}
		if errors.Is(err, syscall.ECONNRESET) {
			fmt.Println("recv: Connection reset")
			os.Exit(1)
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Println("read:", err)
			os.Exit(1)
		}
	}
}

func main() {
	fd, err := strconv.Atoi(os.Args[1])
	if err != nil {
		os.Exit(2)
	}
	file := os.NewFile(uintptr(fd), "listener")
	listener, err := net.FileListener(file)
	if err != nil {
		fmt.Println("listener:", err)
		os.Exit(1)
	}
	for {
		c, err := listener.Accept()
		if err != nil {
			fmt.Println("accept:", err)
			os.Exit(1)
		}
		go serve(c)
	}
}
