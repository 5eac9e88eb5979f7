using System.Globalization;
using System.Text;
using LoraBridge.Formats;

namespace LoraBridge.Model.Store;

/// <summary>
/// Remembers which files had which SHA-256, so that gigabytes are read once, not at each start. A file that has changed in size or
/// time is read again.
/// </summary>
internal sealed class VerifiedFiles(string home)
{
    private readonly string _folder = Path.Combine(home, "verified");

    /// <summary>The SHA-256 that the file had when it was last read, if it has not changed since; else null.</summary>
    internal string? Recall(string path)
    {
        var note = Note(path);
        if (!File.Exists(note))
            return null;
        var text = File.ReadAllText(note).Split(' ');
        return text is [var hash, _, _] && Sha256Hex.Is(hash) && string.Join(' ', text[1..]) == Stamp(path) ? hash : null;
    }

    internal void Remember(string path, string hash)
    {
        try
        {
            Directory.CreateDirectory(_folder);
            AtomicFile.Write(Note(path), overwrite: true, stream => stream.Write(Encoding.UTF8.GetBytes($"{hash} {Stamp(path)}")));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // Where nothing may be written, files are read again the next time: slower, and as safe.
        }
    }

    /// <summary>The SHA-256 of a file: remembered, or read now.</summary>
    /// <param name="path">The file.</param>
    /// <param name="report">Receives the number of bytes read so far.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <param name="anew">Read it even if it is remembered.</param>
    internal async Task<string> HashAsync(string path, Action<long>? report, CancellationToken cancellationToken, bool anew = false)
    {
        if (!anew && Recall(path) is { } known)
            return known;
        var hash = await Sha256Hex.OfFileAsync(path, report, cancellationToken);
        Remember(path, hash);
        return hash;
    }

    private string Note(string path) => Path.Combine(_folder, Sha256Hex.Of(Target(path))[..32]);

    private static string Target(string path) => new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);

    private static string Stamp(string path)
    {
        var file = new FileInfo(Target(path));
        return string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}");
    }
}
