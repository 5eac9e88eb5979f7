using System.Runtime.Intrinsics;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>What a loop over vectors of F32 needs to know of them, so that it is written once for all widths: an instruction each, which is always inlined.</summary>
internal interface ILanes<TVector> where TVector : struct
{
    /// <summary>Numbers in a vector.</summary>
    static abstract int Count { get; }

    static abstract TVector Fill(float value);

    static abstract TVector Load(ref float source, nuint offset);

    static abstract void Store(TVector vector, ref float target, nuint offset);

    /// <summary>a b + c, rounded once.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    static abstract TVector Add(TVector a, TVector b);

    /// <summary>The sums of lanes 0, 4, 8, ..., of lanes 1, 5, 9, ..., and so on.</summary>
    static abstract Vector128<float> Fold(TVector vector);
}

/// <summary>Vectors of 128 bits: what ARM has.</summary>
internal readonly struct Lanes128 : ILanes<Vector128<float>>
{
    public static int Count => 4;

    public static Vector128<float> Fill(float value) => Vector128.Create(value);

    public static Vector128<float> Load(ref float source, nuint offset) => Vector128.LoadUnsafe(ref source, offset);

    public static void Store(Vector128<float> vector, ref float target, nuint offset) => vector.StoreUnsafe(ref target, offset);

    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) => Vector128.FusedMultiplyAdd(a, b, c);

    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    public static Vector128<float> Fold(Vector128<float> vector) => vector;
}

/// <summary>Vectors of 256 bits.</summary>
internal readonly struct Lanes256 : ILanes<Vector256<float>>
{
    public static int Count => 8;

    public static Vector256<float> Fill(float value) => Vector256.Create(value);

    public static Vector256<float> Load(ref float source, nuint offset) => Vector256.LoadUnsafe(ref source, offset);

    public static void Store(Vector256<float> vector, ref float target, nuint offset) => vector.StoreUnsafe(ref target, offset);

    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Vector256.FusedMultiplyAdd(a, b, c);

    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    public static Vector128<float> Fold(Vector256<float> vector) => vector.GetLower() + vector.GetUpper();
}

/// <summary>Vectors of 512 bits.</summary>
internal readonly struct Lanes512 : ILanes<Vector512<float>>
{
    public static int Count => 16;

    public static Vector512<float> Fill(float value) => Vector512.Create(value);

    public static Vector512<float> Load(ref float source, nuint offset) => Vector512.LoadUnsafe(ref source, offset);

    public static void Store(Vector512<float> vector, ref float target, nuint offset) => vector.StoreUnsafe(ref target, offset);

    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.FusedMultiplyAdd(a, b, c);

    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    public static Vector128<float> Fold(Vector512<float> vector) => Lanes256.Fold(vector.GetLower() + vector.GetUpper());
}
