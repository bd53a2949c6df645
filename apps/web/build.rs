//! Embedded files are read when this crate is compiled: compile it again when they were built anew.

fn main() {
    println!("cargo::rerun-if-changed=../../assets/dist");
}
