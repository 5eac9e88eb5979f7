using System.Text.Json;
using LoraBridge.Formats;
using static System.FormattableString;

namespace LoraBridge.Adapters.Conversion;

/// <summary>Reads adapters as Apple's mlx-lm saves them: <c>adapter_config.json</c> and <c>adapters.safetensors</c>.</summary>
/// <remarks>Its matrices lie the other way round, y = W x + s (x A) B, and its scale is s itself, not divided by the rank.</remarks>
internal static class MlxReader
{
    internal const string TensorFile = "adapters.safetensors";
    private const string ASuffix = ".lora_a", BSuffix = ".lora_b";

    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    /// <exception cref="NotSupportedException">It is more than LoRA, so that its matrices alone would do something else.</exception>
    internal static ForeignAdapter Read(string folder)
    {
        using var files = new ForeignFolder(folder, TensorFile);
        var configuration = files.Configuration;
        var kind = configuration.TryGetProperty("fine_tune_type", out var type) ? type.ToString() : "lora";
        if (kind != "lora")
            throw new NotSupportedException($"{files.ConfigurationPath}: 'fine_tune_type' is {kind}, expected lora.");
        if (!configuration.TryGetProperty("lora_parameters", out var parameters) || parameters.ValueKind != JsonValueKind.Object)
            throw files.Fault("'lora_parameters' is missing");
        var scale = files.Number(parameters, "scale") ?? throw files.Fault("'scale' is missing in 'lora_parameters'");
        if (scale <= 0)
            throw files.Fault(Invariant($"'scale' is {scale}, expected a number above 0"));

        List<ForeignModule> modules = [];
        foreach (var tensor in files.Tensors.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            if (tensor.Name.EndsWith(ASuffix, StringComparison.Ordinal))
                modules.Add(Module(files, tensor.Name[..^ASuffix.Length], tensor, scale));
            else if (tensor.Name.EndsWith(BSuffix, StringComparison.Ordinal))
                _ = files.Tensors.Find(tensor.Name[..^BSuffix.Length] + ASuffix) ?? throw Incomplete(files, tensor.Name);
            else
                throw files.NoMatrix(tensor.Name);
        }
        return new ForeignAdapter(modules, modules.Count > 0 ? scale * modules[0].Rank : scale, []);
    }

    private static ForeignModule Module(ForeignFolder files, string name, SafetensorsTensorInfo a, float scale)
    {
        var b = files.Tensors.Find(name + BSuffix) ?? throw Incomplete(files, a.Name);
        // Stacked experts: A [E R, inputs] or [E, R, inputs], B [E, outputs, R], which is the order of GGUF.
        if (b.Shape.Length == 3 && b.Shape.All(extent => extent > 0))
        {
            var (experts, rank) = ((int)b.Shape[0], (int)b.Shape[2]);
            if (a.Shape.Length < 2 || a.ElementCount != (long)experts * rank * a.Shape[^1])
                throw Mismatch(files, name, a, b);
            return new ForeignModule(name, rank, experts, scale, files.Read(a), files.Read(b));
        }
        if (a.Shape.Length != 2 || b.Shape.Length != 2 || a.Shape[1] != b.Shape[0] || a.Shape[1] == 0)
            throw Mismatch(files, name, a, b);
        return new ForeignModule(
            name, (int)a.Shape[1], Experts: 1, scale, Transpose(files.Read(a), (int)a.Shape[1]), Transpose(files.Read(b), (int)b.Shape[1]));
    }

    private static float[] Transpose(float[] values, int columns)
    {
        var rows = values.Length / columns;
        var transposed = new float[values.Length];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++)
                transposed[j * rows + i] = values[i * columns + j];
        return transposed;
    }

    private static InvalidDataException Incomplete(ForeignFolder files, string name) =>
        new($"{files.Tensors.Path}: {name} stands alone, expected {ASuffix} and {BSuffix}.");

    private static InvalidDataException Mismatch(ForeignFolder files, string name, SafetensorsTensorInfo a, SafetensorsTensorInfo b) => new(
        $"{files.Tensors.Path}: {name} has A [{string.Join(", ", a.Shape)}] and B [{string.Join(", ", b.Shape)}], expected [inputs, R] and [R, outputs].");
}
