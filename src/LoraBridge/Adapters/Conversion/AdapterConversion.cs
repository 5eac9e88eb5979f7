using LoraBridge.Adapters;
using LoraBridge.Adapters.Conversion;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.Finetuning;

/// <summary>Converts adapters of other libraries to GGUF, and back.</summary>
/// <remarks>
/// Names and row order are converted as llama.cpp's own converters do. A model whose checkpoint layout is unknown is refused: an adapter with
/// its rows in the wrong order would load, and give wrong results.
/// </remarks>
public static class AdapterConversion
{
    /// <summary>Converts an adapter saved by Hugging Face PEFT.</summary>
    /// <param name="folder">The folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <param name="model">The GGUF model the adapter will be applied to.</param>
    /// <param name="path">The adapter to write. Its folder must exist.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="ArgumentException">A path is null or blank.</exception>
    /// <exception cref="DirectoryNotFoundException">A folder does not exist.</exception>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or nothing of it can be converted.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    /// <exception cref="IOException">The output exists and may not be replaced or is the model, or the disk has too little space.</exception>
    /// <exception cref="NotSupportedException">The adapter is more than plain LoRA, or the layout of the model's checkpoints is unknown.</exception>
    public static AdapterConversionResult FromPeft(string folder, string model, string path, bool overwrite = false) =>
        Import(folder, model, path, overwrite, PeftReader.Read);

    /// <summary><see cref="FromPeft"/> on another thread.</summary>
    /// <inheritdoc cref="FromPeft"/>
    public static Task<AdapterConversionResult> FromPeftAsync(string folder, string model, string path, bool overwrite = false) =>
        Task.Run(() => FromPeft(folder, model, path, overwrite));

    /// <summary>Converts an adapter saved by Apple's mlx-lm.</summary>
    /// <param name="folder">The folder with <c>adapter_config.json</c> and <c>adapters.safetensors</c>.</param>
    /// <param name="model">The GGUF model the adapter will be applied to.</param>
    /// <param name="path">The adapter to write. Its folder must exist.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <inheritdoc cref="FromPeft" path="/exception"/>
    public static AdapterConversionResult FromMlx(string folder, string model, string path, bool overwrite = false) =>
        Import(folder, model, path, overwrite, MlxReader.Read);

    /// <summary><see cref="FromMlx"/> on another thread.</summary>
    /// <inheritdoc cref="FromMlx"/>
    public static Task<AdapterConversionResult> FromMlxAsync(string folder, string model, string path, bool overwrite = false) =>
        Task.Run(() => FromMlx(folder, model, path, overwrite));

    /// <summary>Writes an adapter in PEFT's format, for the checkpoint that the model was converted from.</summary>
    /// <param name="adapter">GGUF adapter.</param>
    /// <param name="model">The GGUF model that it was trained on.</param>
    /// <param name="folder">The folder for the two files; created if necessary.</param>
    /// <param name="overwrite">Whether an adapter in the folder is replaced.</param>
    /// <inheritdoc cref="FromPeft" path="/exception"/>
    public static AdapterConversionResult ToPeft(string adapter, string model, string folder, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        NativeRuntime.Initialize();
        using var files = OpenModel(model);
        var writer = new PeftWriter(AdapterFile.Read(adapter), files);
        if (!overwrite && File.Exists(Path.Combine(folder, PeftReader.TensorFile)))
            throw new IOException($"{folder} holds an adapter already, which may not be replaced.");
        writer.Write(folder);
        var info = LoraAdapter.Inspect(adapter);
        var skippedWeights = writer.Skipped.Intersect(info.TargetTensors).Count();
        return new AdapterConversionResult(
            Path.GetFullPath(folder), info.TensorCount - 2 * skippedWeights, info.Rank, info.Alpha != 0 ? info.Alpha : info.Rank, writer.Skipped);
    }

    /// <summary><see cref="ToPeft"/> on another thread.</summary>
    /// <inheritdoc cref="ToPeft"/>
    public static Task<AdapterConversionResult> ToPeftAsync(string adapter, string model, string folder, bool overwrite = false) =>
        Task.Run(() => ToPeft(adapter, model, folder, overwrite));

    private static AdapterConversionResult Import(string folder, string model, string path, bool overwrite, Func<string, ForeignAdapter> read)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        OutputPath.RequireFolder(path);
        using var files = OpenModel(model);
        if (OutputPath.IsPartOf(files, path))
            throw new IOException($"{path} is the model and may not be replaced: choose another output.");
        if (!overwrite && File.Exists(path))
            throw new IOException($"{path} exists already and may not be replaced.");
        var import = new AdapterImport(files, read(folder));
        import.Write(path);
        var info = LoraAdapter.Inspect(path);
        return new AdapterConversionResult(Path.GetFullPath(path), info.TensorCount, info.Rank, info.Alpha, import.Skipped);
    }

    private static GgufModelFiles OpenModel(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return File.Exists(path) ? GgufModelFiles.Open(path) : throw new FileNotFoundException($"There is no model file {path}.", path);
    }
}

/// <summary>What <see cref="AdapterConversion"/> has written.</summary>
/// <param name="Path">The file or folder that was written.</param>
/// <param name="TensorCount">LoRA matrices of the GGUF adapter that were converted, two for each weight.</param>
/// <param name="Rank">The rank; the largest one if weights differ.</param>
/// <param name="Alpha">The alpha in the file; each product B A is scaled by alpha / rank.</param>
/// <param name="Skipped">What was not converted: modules that the target cannot hold, whose effect is lost, and copies of base weights, which have none.</param>
public sealed record AdapterConversionResult(string Path, int TensorCount, int Rank, float Alpha, IReadOnlyList<string> Skipped);
