using System.Globalization;
using System.Text.Json;
using LoraBridge.Formats;

namespace LoraBridge.Adapters.Conversion;

/// <summary>A folder that holds an adapter of another library: its configuration and its tensors.</summary>
internal sealed class ForeignFolder : IDisposable
{
    internal const string ConfigurationFile = "adapter_config.json";

    private readonly JsonDocument _configuration;

    /// <param name="folder">The folder.</param>
    /// <param name="tensorFile">Name of the file of tensors.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">One of the files is missing.</exception>
    /// <exception cref="InvalidDataException">One of them is damaged.</exception>
    internal ForeignFolder(string folder, string tensorFile)
    {
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no folder {folder}.");
        ConfigurationPath = Existing(Path.Combine(folder, ConfigurationFile));
        var tensors = Existing(Path.Combine(folder, tensorFile));
        try
        {
            _configuration = JsonDocument.Parse(File.ReadAllBytes(ConfigurationPath));
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{ConfigurationPath} is not valid JSON: {fault.Message}", fault);
        }
        if (Configuration.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{ConfigurationPath} is not a JSON object.");
        Tensors = SafetensorsFile.Open(tensors);
    }

    internal string ConfigurationPath { get; }

    internal JsonElement Configuration => _configuration.RootElement;

    internal SafetensorsFile Tensors { get; }

    /// <summary>The values of a tensor.</summary>
    internal float[] Read(SafetensorsTensorInfo tensor)
    {
        if (tensor.ElementCount > Array.MaxLength)
            throw new InvalidDataException($"{Tensors.Path}: {tensor.Name} has {tensor.ElementCount} values, more than an adapter can have.");
        var values = new float[tensor.ElementCount];
        Tensors.ReadAsFloat32(tensor, values);
        if (FiniteValues.FirstBad(values) is >= 0 and var bad)
            throw new InvalidDataException($"{Tensors.Path}: value {bad} of {tensor.Name} is {values[bad].ToString(CultureInfo.InvariantCulture)}, expected finite numbers only.");
        return values;
    }

    /// <summary>A number of the configuration, or null where it is absent or null.</summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    internal float? Number(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number) && float.IsFinite(number)
            ? number
            : throw Fault($"'{name}' is {value.GetRawText()}, expected a number");
    }

    /// <summary>What is wrong with the configuration.</summary>
    internal InvalidDataException Fault(string what) => new($"{ConfigurationPath}: {what}.");

    /// <summary>Why an adapter with a tensor other than LoRA matrices is refused: without it the adapter would do something else.</summary>
    internal NotSupportedException NoMatrix(string tensor) => new(
        $"{Tensors.Path}: {tensor} is {Kind(tensor)}, which a GGUF adapter cannot hold; train without, or merge in the adapter's own library.");

    private static string Kind(string tensor) =>
        tensor.Contains("magnitude", StringComparison.Ordinal) || tensor.EndsWith(".m", StringComparison.Ordinal) ? "a magnitude of DoRA"
        : tensor.EndsWith(".bias", StringComparison.Ordinal) ? "a bias"
        : "a whole weight (modules_to_save)";

    public void Dispose()
    {
        _configuration.Dispose();
        Tensors.Dispose();
    }

    private static string Existing(string path) => File.Exists(path)
        ? path
        : throw new FileNotFoundException(
            File.Exists(Path.ChangeExtension(path, ".bin"))
                ? $"There is no {path}; the .bin beside it is a pickle, which runs code when it is read: save the adapter as safetensors."
                : $"There is no {path}.", path);
}
