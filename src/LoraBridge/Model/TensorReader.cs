using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>Reads whole tensors as F32, whatever their type.</summary>
internal static class TensorReader
{
    /// <exception cref="InvalidDataException">The file has no such tensor.</exception>
    internal static float[] ReadFloats(GgufFile file, string name)
    {
        var tensor = file.Find(name) ?? throw new InvalidDataException($"{file.Path}: tensor '{name}' is missing");
        return ReadFloats(file, tensor);
    }

    internal static float[] ReadFloats(GgufFile file, GgufTensorInfo tensor)
    {
        if (tensor.ElementCount > Array.MaxLength)
            throw new InvalidDataException($"{file.Path}: tensor '{tensor.Name}' has {tensor.ElementCount} values, at most {Array.MaxLength} can be read at once");
        var values = GC.AllocateUninitializedArray<float>((int)tensor.ElementCount);
        Convert(tensor.Type, file.ReadAll(tensor), values);
        return values;
    }

    /// <summary>Converts whole blocks to F32. The 16-bit types are converted in vectors, which ggml's own table look-up is not.</summary>
    internal static void Convert(GgmlType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (type == GgmlType.F16)
            HalfPrecision.Float16ToFloat32(source, destination);
        else if (type == GgmlType.BF16)
            HalfPrecision.BFloat16ToFloat32(source, destination);
        else
            GgmlTypeTraits.Dequantize(type, source, destination);
    }
}
