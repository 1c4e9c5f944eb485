//! Whether the processor has what the program was built for (`.cargo/config.toml`): a sentence instead of a fault signal.

/// Whether it has; where not, says what to do. Nothing here is copied or put together, which would need what is lacking.
#[cfg(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma", target_feature = "bmi2"))]
pub fn fits() -> bool {
    const LACKS: &[u8] =
        b"churnwatch: this program is built for processors with AVX2, FMA and BMI2, and this one lacks them: \
        build it with RUSTFLAGS=\"\" cargo build --release\n";
    let cpu = raw_cpuid::CpuId::new();
    let fits = cpu.get_extended_feature_info().is_some_and(|has| has.has_avx2() && has.has_bmi2())
        && cpu.get_feature_info().is_some_and(|has| has.has_fma());
    if !fits {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), LACKS);
    }
    fits
}

/// It was built for any.
#[cfg(not(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma", target_feature = "bmi2")))]
pub const fn fits() -> bool {
    true
}
