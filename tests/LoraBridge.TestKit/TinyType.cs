namespace LoraBridge.TestKit;

/// <summary>Types of the weights that <see cref="TinyModels"/> writes.</summary>
public enum TinyType
{
    /// <summary>32-bit floats.</summary>
    F32,

    /// <summary>4 bits, one scale for 32 values.</summary>
    Q4_0,

    /// <summary>4 bits with nested scales, some tensors with 6.</summary>
    Q4_K_M,

    /// <summary>8 bits.</summary>
    Q8_0,
}
