using System.Collections.Immutable;
using System.Text.Json;

namespace LoraBridge.Formats;

/// <summary>
/// A model in one safetensors file, or in several that an index (<c>model.safetensors.index.json</c>) lists, seen as one.
/// </summary>
public sealed class SafetensorsModelFiles : IDisposable
{
    private const string IndexSuffix = ".index.json";
    private const long MaximumIndexBytes = 100_000_000;

    private readonly Dictionary<string, SafetensorsModelTensor> _byName = new(StringComparer.Ordinal);

    private SafetensorsModelFiles(ImmutableArray<SafetensorsFile> files)
    {
        Files = files;
        Tensors = [.. files.SelectMany(file => file.Tensors, (file, tensor) => new SafetensorsModelTensor(file, tensor))];
        foreach (var tensor in Tensors)
        {
            if (!_byName.TryAdd(tensor.Name, tensor))
            {
                throw FormatFault.In(
                    tensor.File.Path, $"tensor '{tensor.Name}' is also in {_byName[tensor.Name].File.Path}, expected it once");
            }
        }
    }

    /// <summary>The files, in the order of their names when there is an index.</summary>
    public ImmutableArray<SafetensorsFile> Files { get; }

    /// <summary>The tensors of all files.</summary>
    public ImmutableArray<SafetensorsModelTensor> Tensors { get; }

    /// <summary>Opens a model by its only file or by its index.</summary>
    /// <exception cref="FileNotFoundException">The file, or one that the index lists, does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is not valid, or the index does not fit the files.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static SafetensorsModelFiles Open(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return path.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase)
            ? OpenAll(path, ReadIndex(path))
            : new SafetensorsModelFiles([SafetensorsFile.Open(path)]);
    }

    /// <summary>Finds a tensor by its name, or returns null.</summary>
    public SafetensorsModelTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (var file in Files)
            file.Dispose();
    }

    private static SafetensorsModelFiles OpenAll(string path, SortedDictionary<string, string> fileOfTensor)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var name in fileOfTensor.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                // An index that points out of its folder is either broken or up to no good.
                if (name is "" or "." or ".." || name != Path.GetFileName(name) || name.Contains('\\', StringComparison.Ordinal))
                    throw FormatFault.In(path, $"the index lists the file '{name}', expected a name in the same folder");
                files.Add(SafetensorsFile.Open(Path.Combine(folder, name)));
            }

            var model = new SafetensorsModelFiles([.. files]);
            foreach (var (tensor, file) in fileOfTensor)
            {
                if (model.Find(tensor) is not { } found || Path.GetFileName(found.File.Path) != file)
                    throw FormatFault.In(path, $"the index lists tensor '{tensor}' in '{file}', which does not have it");
            }

            return model;
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    private static SortedDictionary<string, string> ReadIndex(string path)
    {
        using var source = ByteSource.OpenFile(path);
        if (source.Length > MaximumIndexBytes)
            throw FormatFault.In(path, $"the index has {source.Length} bytes, expected at most {MaximumIndexBytes}");
        var json = new byte[source.Length];
        source.ReadExactly(json, 0);

        try
        {
            using var document = JsonDocument.Parse(json);
            var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                if (!map.TryAdd(entry.Name, entry.Value.GetString() ?? ""))
                    throw FormatFault.In(path, $"the index lists tensor '{entry.Name}' twice");
            }

            return map.Count > 0 ? map : throw FormatFault.In(path, "the index lists no tensor");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw FormatFault.In(path, "the index has no \"weight_map\" of tensor names to file names", exception);
        }
    }
}

/// <summary>A tensor of a model and the file that has it.</summary>
/// <param name="File">The file, one of <see cref="SafetensorsModelFiles.Files"/>.</param>
/// <param name="Info">The tensor in that file.</param>
public sealed record SafetensorsModelTensor(SafetensorsFile File, SafetensorsTensorInfo Info)
{
    /// <summary>The name, unique in the model.</summary>
    public string Name => Info.Name;
}
