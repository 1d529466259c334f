// What examples/embed_c does, from Rust without crates:
//   rustc -O main.rs -L PREFIX/lib -l robust_metric && LD_LIBRARY_PATH=PREFIX/lib ./main
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::ptr::{null, null_mut};

// as robust_metric.h declares them
#[repr(C)]
struct Options {
    struct_size: usize,
    num_threads: i32,
    keep_going: Option<extern "C" fn(usize, *mut c_void) -> c_int>,
    user_data: *mut c_void,
}

#[repr(C)]
struct Parts {
    struct_size: usize,
    n_points: usize,
    n_features: usize,
    points: *const f64,
    single_points: *const f32,
    labels: *const i32,
    n_classes: i32,
    class_names: *const *const c_char,
    components: *const f64,
    rank: usize,
    k: usize,
    norm: i32,
    cost: *const f64,
    lower: *const f64,
    upper: *const f64,
}

#[repr(C)]
struct Perturbation {
    lower: f64,
    upper: f64,
    label: i32,
    adversarial_label: i32,
    status: i32,
    reserved: i32,
}

enum Model {}

extern "C" {
    fn robust_metric_version() -> *const c_char;
    fn robust_metric_last_error() -> *const c_char;
    fn robust_metric_parts_init(parts: *mut Parts, struct_size: usize);
    fn robust_metric_create(parts: *const Parts, options: *const Options, model: *mut *mut Model) -> i32;
    fn robust_metric_free(model: *mut Model);
    fn robust_metric_class_name(model: *const Model, label: i32) -> *const c_char;
    fn robust_metric_predict(
        model: *const Model, rows: *const f64, n: usize, options: *const Options, labels: *mut i32,
    ) -> i32;
    fn robust_metric_certify(
        model: *const Model, rows: *const f64, n: usize, truth: *const i32, options: *const Options,
        radii: *mut f64, labels: *mut i32,
    ) -> i32;
    fn robust_metric_minimal_perturbations(
        model: *const Model, rows: *const f64, n: usize, truth: *const i32, time_limit: f64,
        options: *const Options, results: *mut Perturbation, perturbations: *mut f64,
    ) -> i32;
}

const INVALID_ARGUMENT: i32 = 1;

fn text(pointer: *const c_char) -> String {
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

fn check(status: i32) -> Result<(), String> {
    if status == 0 { Ok(()) } else { Err(text(unsafe { robust_metric_last_error() })) }
}

/// Frees the model when it goes out of scope, after an error too.
struct Owned(*mut Model);

impl Drop for Owned {
    fn drop(&mut self) {
        unsafe { robust_metric_free(self.0) }
    }
}

fn main() -> Result<(), String> {
    let (points, query, labels) = ([-1.0, 3.0], [0.0], [0, 1]);
    let names = [CString::new("left").unwrap(), CString::new("right").unwrap()];
    let names = [names[0].as_ptr(), names[1].as_ptr()];
    let mut model = Owned(null_mut());
    let (mut radius, mut step, mut label) = (0.0, 0.0, -1);
    unsafe {
        let mut parts: Parts = std::mem::zeroed();
        robust_metric_parts_init(&mut parts, std::mem::size_of::<Parts>());
        parts.n_points = 2;
        parts.n_features = 1;
        parts.points = points.as_ptr();
        parts.labels = labels.as_ptr();
        parts.n_classes = 2;
        parts.class_names = names.as_ptr();
        check(robust_metric_create(&parts, null(), &mut model.0))?;
        let mut found: Perturbation = std::mem::zeroed();
        check(robust_metric_certify(model.0, query.as_ptr(), 1, null(), null(), &mut radius, &mut label))?;
        check(robust_metric_minimal_perturbations(
            model.0, query.as_ptr(), 1, null(), f64::INFINITY, null(), &mut found, &mut step,
        ))?;
        println!(
            "robust_metric {}: class {}, radius {}, witness at {} of class {}",
            text(robust_metric_version()),
            text(robust_metric_class_name(model.0, label)),
            radius,
            query[0] + step,
            text(robust_metric_class_name(model.0, found.adversarial_label)),
        );
        // what does not fit is told, not done
        if robust_metric_predict(model.0, null(), 1, null(), &mut label) != INVALID_ARGUMENT {
            return Err("a null pointer should be refused".into());
        }
        println!("refused: {}", text(robust_metric_last_error()));
        if !(radius <= 1.0 && radius > 1.0 - 1e-9 && found.lower <= found.upper && found.adversarial_label == 1) {
            return Err(format!("the boundary is at 1, got radius {radius}"));
        }
    }
    Ok(())
}
