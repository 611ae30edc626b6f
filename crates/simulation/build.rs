//! Links the simulation's own source of chance into its program, see `chance.c`.

fn main() {
    println!("cargo::rerun-if-changed=chance.c");
    let objects = cc::Build::new().file("chance.c").compile_intermediates();
    for object in objects {
        println!("cargo::rustc-link-arg-bins={}", object.display());
    }
}
