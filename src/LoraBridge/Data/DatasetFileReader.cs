using System.Globalization;
using System.Text;
using System.Text.Json;
using LoraBridge.Finetuning;

namespace LoraBridge.Data;

/// <summary>Streams the samples of one file; its layout is found out from its name and its first readable row.</summary>
internal sealed class DatasetFileReader(string path, DatasetReadOptions options, DatasetReport report)
{
    /// <summary>Characters of a plain text that are handed on at once.</summary>
    private const int ChunkLength = 256 * 1024;

    private const string Formats = "expected JSON lines, a JSON array (either may be packed by gzip) or plain text; rows have the fields " + RowFormats.Known;

    /// <summary>Of two fields of one name all but the last would be lost.</summary>
    private static readonly JsonDocumentOptions JsonOptions = new() { AllowDuplicateProperties = false };

    private DatasetFormat? _format = options.Format == DatasetFormat.Auto ? null : options.Format;

    public IEnumerable<RawSample> Read()
    {
        using var stream = Open(path);
        using var reader = NewReader(stream);
        using var samples = (IsPlainText() ? ReadText(reader) : ReadRows(reader)).GetEnumerator();
        while (MoveNext(samples))
            yield return samples.Current;
    }

    private static Stream Open(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, FileOptions.SequentialScan);
        var isGzip = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        return isGzip ? new WholeGzipStream(file) : file;
    }

    private bool IsPlainText()
    {
        if (_format is not null)
            return _format == DatasetFormat.PlainText;
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        var extension = Path.GetExtension(name).ToLowerInvariant();
        if (FileKinds.Describe(extension) is { } kind)
            throw Refused($"is {kind}");
        if (Guarded(FindBinary) is { } binary)
            throw Refused($"is {binary}");
        return extension switch
        {
            ".txt" or ".md" => true,
            ".json" or ".jsonl" or ".ndjson" => false,
            _ => !Guarded(StartsLikeJson),
        };
    }

    private InvalidDataException Refused(string what) => DatasetFault.Create($"{path} {what}, which cannot be read as training data: {Formats}.");

    private string? FindBinary()
    {
        using var stream = Open(path);
        var start = new byte[512];
        return FileKinds.Describe(start.AsSpan(0, stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)));
    }

    private bool StartsLikeJson()
    {
        using var stream = Open(path);
        using var reader = NewReader(stream);
        while (char.IsWhiteSpace((char)reader.Peek()))
            reader.Read();
        return reader.Peek() is '{' or '[';
    }

    private static StreamReader NewReader(Stream stream) => new(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));

    private bool MoveNext(IEnumerator<RawSample> samples) => Guarded(samples.MoveNext);

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (UnclosedArrayException exception)
        {
            throw DatasetFault.Create($"{path}, line {exception.Line}: the array of rows is not closed", exception);
        }
        catch (DecoderFallbackException exception)
        {
            throw DatasetFault.Create($"{path} is not UTF-8 text: {exception.Message}", exception);
        }
        catch (InvalidDataException exception) when (!DatasetFault.Is(exception))
        {
            throw DatasetFault.Create($"{path} starts like a file packed by gzip, but cannot be unpacked: {exception.Message}", exception);
        }
    }

    private IEnumerable<TextSample> ReadText(StreamReader reader)
    {
        var buffer = new char[ChunkLength];
        var carry = "";
        var line = 1L;
        var isStart = true;
        while (true)
        {
            var count = reader.ReadBlock(buffer);
            var isEnd = reader.Peek() < 0;
            var text = carry + new string(buffer, 0, count);
            var cut = isEnd ? text.Length : CutAfterLine(text);
            if (cut > 0)
                yield return new TextSample(new SampleSource(path, line), text[..cut], isStart, isEnd);
            if (isEnd)
                yield break;
            line += text.AsSpan(0, cut).Count('\n');
            carry = text[cut..];
            isStart = false;
        }
    }

    /// <summary>A chunk ends with a line where it can: tokens do not reach over the end of a line as often as over that of a word.</summary>
    private static int CutAfterLine(string text)
    {
        var cut = text.LastIndexOf('\n') + 1;
        return cut > 0 ? cut : char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
    }

    private IEnumerable<RawSample> ReadRows(StreamReader reader) =>
        new RowScanner(reader, options.MaximumRowLength).ReadRows().SelectMany(TryRead);

    private IReadOnlyList<RawSample> TryRead(ScannedRow row)
    {
        var source = new SampleSource(path, row.Line);
        try
        {
            if (row.Text is null)
                throw new DatasetRowException($"the row is longer than {options.MaximumRowLength} characters");
            if (string.IsNullOrWhiteSpace(row.Text))
                throw new DatasetRowException("there is no row between two commas");
            using var document = JsonDocument.Parse(row.Text, JsonOptions);
            var root = document.RootElement;
            // A line may hold an array of rows.
            return root.ValueKind == JsonValueKind.Array ? [.. root.EnumerateArray().Select(item => TryRead(item, source)).OfType<RawSample>()]
                : TryRead(root, source) is { } sample ? [sample] : [];
        }
        catch (JsonException exception)
        {
            report.Add(source, string.Create(CultureInfo.InvariantCulture, $"no valid JSON: {JsonFields.Describe(exception)} (at byte {exception.BytePositionInLine + 1} of line {row.Line + exception.LineNumber})"));
        }
        catch (DatasetRowException exception)
        {
            report.Add(source, exception.Message);
        }
        catch (InvalidOperationException exception)
        {
            // Half of an escaped surrogate pair in the name of a field.
            report.Add(source, exception.Message);
        }
        return [];
    }

    private RawSample? TryRead(JsonElement row, SampleSource source)
    {
        try
        {
            _format ??= RowFormats.Detect(row);
            return _format is { } format ? RowFormats.Read(format, row, source) : throw new DatasetRowException(Unknown(row));
        }
        catch (DatasetRowException exception)
        {
            report.Add(source, exception.Message + OtherLayout(row));
        }
        catch (InvalidOperationException exception)
        {
            // Half of an escaped surrogate pair is well-formed JSON but no text.
            report.Add(source, exception.Message);
        }
        return null;
    }

    /// <summary>What a row is that follows rows of another layout.</summary>
    private string OtherLayout(JsonElement row) => options.Format == DatasetFormat.Auto && _format is { } format && RowFormats.Detect(row) is { } own && own != format
        ? $"; the row is laid out as {own}, the file's first one as {format}: rows of different layouts belong in different files"
        : "";

    private static string Unknown(JsonElement row) => row.ValueKind != JsonValueKind.Object
        ? $"the row is {JsonFields.KindOf(row)}, expected an object"
        : row.Has("chosen") || row.Has("rejected")
            ? $"the row compares answers (chosen, rejected), which cannot be trained on; known fields are {RowFormats.Known}"
            : $"the row has none of the known fields: {RowFormats.Known}";
}
