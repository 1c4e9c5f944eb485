//! Whether the processor has what the program was built for (`.cargo/config.toml`): a sentence instead of a fault signal.

/// What to do where it has not; `None` where it has.
#[cfg(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma", target_feature = "bmi2"))]
pub fn unfit() -> Option<&'static str> {
    let cpu = raw_cpuid::CpuId::new();
    let fit = cpu.get_extended_feature_info().is_some_and(|has| has.has_avx2() && has.has_bmi2())
        && cpu.get_feature_info().is_some_and(|has| has.has_fma());
    (!fit).then_some(
        "this churnwatch is built for processors with AVX2, FMA and BMI2, and this one lacks them: build it here with RUSTFLAGS=\"\" cargo build --release",
    )
}

/// It was built for any.
#[cfg(not(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma", target_feature = "bmi2")))]
pub const fn unfit() -> Option<&'static str> {
    None
}
