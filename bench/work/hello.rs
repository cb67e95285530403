// The same hello as wasm/hello.c.
fn main() {
    println!("hello");
}
