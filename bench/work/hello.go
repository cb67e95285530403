// The same hello as wasm/hello.c, from a runtime with threads and a garbage
// collector of its own.
package main

import "fmt"

func main() {
	done := make(chan string)
	go func() { done <- "hello" }()
	fmt.Println(<-done)
}
