namespace LoraBridge.Formats;

/// <summary>The element types of a safetensors file, in the order of its reference implementation.</summary>
public enum SafetensorsType
{
    /// <summary><c>BOOL</c>: one byte, zero or one.</summary>
    Bool,

    /// <summary><c>U8</c>: 8-bit unsigned integer.</summary>
    UInt8,

    /// <summary><c>I8</c>: 8-bit signed integer.</summary>
    Int8,

    /// <summary><c>F8_E5M2</c>: 8-bit float with 5 bits of exponent.</summary>
    Float8E5M2,

    /// <summary><c>F8_E4M3</c>: 8-bit float with 4 bits of exponent.</summary>
    Float8E4M3,

    /// <summary><c>F8_E8M0</c>: 8-bit power of two, a scale.</summary>
    Float8E8M0,

    /// <summary><c>I16</c>: 16-bit signed integer.</summary>
    Int16,

    /// <summary><c>U16</c>: 16-bit unsigned integer.</summary>
    UInt16,

    /// <summary><c>F16</c>: 16-bit IEEE float.</summary>
    Float16,

    /// <summary><c>BF16</c>: upper half of a 32-bit float.</summary>
    BFloat16,

    /// <summary><c>I32</c>: 32-bit signed integer.</summary>
    Int32,

    /// <summary><c>U32</c>: 32-bit unsigned integer.</summary>
    UInt32,

    /// <summary><c>F32</c>: 32-bit float.</summary>
    Float32,

    /// <summary><c>F64</c>: 64-bit float.</summary>
    Float64,

    /// <summary><c>I64</c>: 64-bit signed integer.</summary>
    Int64,

    /// <summary><c>U64</c>: 64-bit unsigned integer.</summary>
    UInt64,
}
