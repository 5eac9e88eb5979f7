using LoraBridge.Formats;

namespace LoraBridge.Model.Checks;

/// <summary>
/// Checks a model file for what llama.cpp asserts instead of reporting: a failed assertion would end the process. What it does
/// report (an unknown architecture, a missing tensor, a shape that does not match) is left to it.
/// </summary>
internal static class ModelFileCheck
{
    /// <exception cref="InvalidDataException">The file is no language model, or one that would end the process.</exception>
    internal static void Check(GgufModelFiles files)
    {
        var path = files.Files[0].Path;
        if (files.Metadata.Architecture is not { Length: > 0 })
            throw new InvalidDataException($"{path}: metadata key 'general.architecture' is missing, expected the name of a model architecture");
        var metadata = new CheckedMetadata(files);
        CheckKind(metadata);
        CheckParts(files);
        ArrayCheck.Check(metadata);
        HyperparameterCheck.Check(metadata);
        VocabularyCheck.Check(metadata);
        TensorCheck.Check(metadata);
    }

    private static void CheckKind(CheckedMetadata metadata)
    {
        var kind = metadata.Values.TryGetString("general.type", out var type) ? type : "model";
        if (kind != "model")
            throw metadata.Fault($"general.type is '{kind}', expected 'model'");
        if (metadata.Architecture is "clip" or "mmproj")
            throw metadata.Fault($"general.architecture is '{metadata.Architecture}', expected a language model");
    }

    /// <summary>llama.cpp reads the number of a further part without asking for its type.</summary>
    private static void CheckParts(GgufModelFiles files)
    {
        if (files.Files.Length == 1)
            return;
        foreach (var file in files.Files)
        {
            if (!file.Metadata.TryGet("split.no", out var number) || number.Type != GgufValueType.UInt16)
                throw new InvalidDataException($"{file.Path}: split.no has type {number?.TypeName ?? "none"}, expected UInt16");
        }
    }
}
