using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>
/// A model in one GGUF file, or in several named <c>model-00001-of-00003.gguf</c> as llama.cpp splits them, seen as one.
/// </summary>
public sealed class GgufModelFiles : IDisposable
{
    private readonly Dictionary<string, GgufModelTensor> _byName = new(StringComparer.Ordinal);

    private GgufModelFiles(ImmutableArray<GgufFile> files)
    {
        Files = files;
        Metadata = files[0].Metadata.Where(key => !key.StartsWith(GgufSplit.Prefix, StringComparison.Ordinal));
        Tensors = [.. files.SelectMany(file => file.Tensors, (file, tensor) => new GgufModelTensor(file, tensor))];
        foreach (var tensor in Tensors)
        {
            if (!_byName.TryAdd(tensor.Name, tensor))
            {
                throw FormatFault.In(
                    tensor.File.Path, $"tensor '{tensor.Name}' is also in {_byName[tensor.Name].File.Path}, expected it once");
            }
        }
    }

    /// <summary>The files in order; one when the model is not split.</summary>
    public ImmutableArray<GgufFile> Files { get; }

    /// <summary>The metadata of the model: those of the first file without the keys <c>split.*</c>, which describe files.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors of all files, in file order.</summary>
    public ImmutableArray<GgufModelTensor> Tensors { get; }

    /// <summary>Opens a model by its only file or by the first of several.</summary>
    /// <exception cref="FileNotFoundException">The file, or one of the parts it belongs to, does not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is not valid GGUF, the file is not the first part, or the parts do not belong together.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static GgufModelFiles Open(string path)
    {
        var files = new List<GgufFile> { GgufFile.Open(path) };
        try
        {
            OpenOtherParts(files);
            return new GgufModelFiles([.. files]);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>Finds a tensor by its name, or returns null.</summary>
    public GgufModelTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <inheritdoc cref="TensorFile{TTensor}.Read"/>
    public void Read(GgufModelTensor tensor, Span<byte> destination, long offset = 0)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        tensor.File.Read(tensor.Info, destination, offset);
    }

    /// <inheritdoc cref="TensorFile{TTensor}.ReadAll"/>
    public byte[] ReadAll(GgufModelTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.File.ReadAll(tensor.Info);
    }

    /// <inheritdoc cref="TensorFile{TTensor}.OpenRead"/>
    public Stream OpenRead(GgufModelTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.File.OpenRead(tensor.Info);
    }

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (var file in Files)
            file.Dispose();
    }

    private static void OpenOtherParts(List<GgufFile> files)
    {
        var first = files[0];
        if (!first.Metadata.TryGetInt32(GgufSplit.CountKey, out var count) || count == 1)
            return;
        if (count is < 1 or > GgufSplit.MaximumParts)
            throw FormatFault.In(first.Path, $"{GgufSplit.CountKey} is {count}, expected 1 to {GgufSplit.MaximumParts}");
        CheckNumber(first, 0, count);
        var prefix = GgufSplit.PrefixOfFirst(first.Path, count) ?? throw FormatFault.In(
            first.Path, $"the model has {count} parts, expected a file name that ends in {GgufSplit.PathOf("", 0, count)}");

        for (var i = 1; i < count; i++)
        {
            var path = GgufSplit.PathOf(prefix, i, count);
            if (!File.Exists(path))
                throw new FileNotFoundException($"Part {i + 1} of {count} of the model is missing: {path}", path);
            files.Add(GgufFile.Open(path));
            CheckNumber(files[i], i, count);
        }

        var expected = first.Metadata.GetInt32(GgufSplit.TensorCountKey);
        var found = files.Sum(file => (long)file.Tensors.Length);
        if (found != expected)
            throw FormatFault.In(first.Path, $"the {count} parts have {found} tensors, expected {expected}");
    }

    private static void CheckNumber(GgufFile file, int index, int count)
    {
        var number = file.Metadata.GetInt32(GgufSplit.NumberKey);
        var parts = file.Metadata.GetInt32(GgufSplit.CountKey);
        if (number != index || parts != count)
        {
            throw FormatFault.In(
                file.Path, $"the file says it is part {number + 1L} of {parts}, expected part {index + 1} of {count}");
        }
    }
}

/// <summary>A tensor of a model and the file that has it.</summary>
/// <param name="File">The file, one of <see cref="GgufModelFiles.Files"/>.</param>
/// <param name="Info">The tensor in that file.</param>
public sealed record GgufModelTensor(GgufFile File, GgufTensorInfo Info)
{
    /// <summary>The name, unique in the model.</summary>
    public string Name => Info.Name;
}
