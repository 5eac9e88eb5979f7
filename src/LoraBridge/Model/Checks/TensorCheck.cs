using LoraBridge.Formats;

namespace LoraBridge.Model.Checks;

/// <summary>The tensors of a model: types that its graph cannot compute with, and layers that are missing altogether.</summary>
internal static class TensorCheck
{
    internal static void Check(CheckedMetadata metadata)
    {
        if (metadata.Files.Tensors.IsEmpty)
            throw metadata.Fault("the file has no tensors, expected the weights of a model");
        foreach (var tensor in metadata.Files.Tensors)
            CheckType(metadata, tensor.Info);
        CheckLayers(metadata);
    }

    private static void CheckType(CheckedMetadata metadata, GgufTensorInfo tensor)
    {
        var isWeight = tensor.Name.EndsWith(".weight", StringComparison.Ordinal) || tensor.Name.EndsWith(".bias", StringComparison.Ordinal);
        // ggml adds and scales by vectors of 32-bit floats only, and asserts it. Lists of numbers have names of their own.
        if (tensor.Shape.Length == 1 && tensor.Type != GgmlType.F32 && (isWeight || tensor.Type is not (GgmlType.I32 or GgmlType.I64)))
            throw metadata.Fault($"tensor '{tensor.Name}' is a vector of type {tensor.Type.Name()}, expected f32");
        if (!isWeight)
            return;
        if (!WeightTypes.IsWeight(tensor.Type))
            throw metadata.Fault($"tensor '{tensor.Name}' has type {tensor.Type.Name()}, expected one that weights can have");
    }

    private static void CheckLayers(CheckedMetadata metadata)
    {
        var layers = metadata.Integer("block_count", 1, int.MaxValue);
        var found = new HashSet<long>();
        foreach (var tensor in metadata.Files.Tensors)
        {
            if (TensorNames.LayerOf(tensor.Name) is { } layer)
                found.Add(layer);
        }
        if (found.Count == 0)
            return;
        for (var layer = 0L; layer < layers; layer++)
        {
            if (!found.Contains(layer))
                throw metadata.Fault($"layer {layer} has no tensors, expected {layers} layers");
        }
    }
}
