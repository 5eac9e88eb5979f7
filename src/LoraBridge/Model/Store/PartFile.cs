using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoraBridge.Formats;

namespace LoraBridge.Model.Store;

/// <summary>What is known of a part. What it is a part of says its name.</summary>
/// <param name="Validator">The strong ETag of the server that the bytes came from.</param>
/// <param name="Owner">The process that last wrote it.</param>
internal sealed record PartNote(string? Validator, int Owner);

[JsonSerializable(typeof(PartNote))]
internal sealed partial class PartJson : JsonSerializerContext;

/// <summary>
/// The beginning of a file that is being downloaded, with the hash of what is there, and a note beside it that says of what, so that any
/// later process can go on. Only the owner of the lock may open it.
/// </summary>
internal sealed class PartFile : IDisposable
{
    private readonly string _path;
    private readonly string _note;
    private readonly FileStream _file;
    private readonly Stream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private PartFile(string path, FileStream file, Stream stream, string? validator)
    {
        (_path, _note, _file, _stream) = (path, NotePath(path), file, stream);
        Validator = validator;
    }

    internal long Length { get; private set; }

    /// <summary>The strong ETag of what is there; null when no server gave one.</summary>
    internal string? Validator { get; private set; }

    /// <summary>Opens what an earlier process has left, if it can be continued, else an empty one.</summary>
    /// <param name="path">Where it lies: named by its content.</param>
    /// <param name="isHash">Whether that is a SHA-256: the end will be verified, so that bytes of unknown origin do no harm.</param>
    /// <param name="wrap">Stands between this and the file.</param>
    /// <param name="report">Receives the number of its bytes that were read again.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    internal static async Task<PartFile> OpenAsync(
        string path, bool isHash, Func<Stream, Stream> wrap, Action<long> report, CancellationToken cancellationToken)
    {
        var note = ReadNote(path);
        var keep = note is not null && (isHash || note.Validator is not null);
        var file = new FileStream(path, keep ? FileMode.OpenOrCreate : FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var part = new PartFile(path, file, wrap(file), keep ? note!.Validator : null);
        try
        {
            part.WriteNote();
            part.Length = await Sha256Hex.AppendAsync(part._hash, file, report, cancellationToken);
            return part;
        }
        catch
        {
            part.Dispose();
            throw;
        }
    }

    /// <summary>The process that writes a part, for a message; null when it cannot be told.</summary>
    internal static int? Owner(string path) => ReadNote(path)?.Owner;

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _hash.AppendData(bytes);
        Length += bytes.Length;
    }

    /// <summary>Notes the server's name for the content before its bytes are written.</summary>
    internal void SetValidator(string? validator)
    {
        if (validator == Validator)
            return;
        Validator = validator;
        WriteNote();
    }

    /// <summary>Throws away what is there.</summary>
    internal void Restart()
    {
        _file.SetLength(0);
        _file.Position = 0;
        _hash.GetHashAndReset();
        Length = 0;
    }

    /// <summary>The SHA-256 of what is there; nothing may be appended any more.</summary>
    internal string Finish() => Sha256Hex.Finish(_hash);

    /// <summary>Flushes it to the disk and gives it its name.</summary>
    internal void Publish(string target)
    {
        _file.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_path, target, overwrite: true);
        File.Delete(_note);
    }

    /// <summary>Closes and deletes it.</summary>
    internal void Delete()
    {
        Dispose();
        File.Delete(_path);
        File.Delete(_note);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _file.Dispose();
        _hash.Dispose();
    }

    private void WriteNote()
    {
        var note = new PartNote(Validator, Environment.ProcessId);
        AtomicFile.Write(_note, overwrite: true, stream => JsonSerializer.Serialize(stream, note, PartJson.Default.PartNote));
    }

    private static PartNote? ReadNote(string path)
    {
        try
        {
            return File.Exists(NotePath(path)) ? JsonSerializer.Deserialize(File.ReadAllBytes(NotePath(path)), PartJson.Default.PartNote) : null;
        }
        catch (Exception damaged) when (damaged is JsonException or IOException)
        {
            // Written by a process that was killed or being written: the part is then begun anew.
            return null;
        }
    }

    private static string NotePath(string path) => $"{path}.json";
}
