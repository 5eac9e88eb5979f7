using System.Text;

namespace LoraBridge.Cli.Options;

/// <summary>Text that an option names a file for.</summary>
internal static class TextFile
{
    /// <summary>Reads a file of UTF-8, or of what its byte order mark says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it is, for the message when there is none: <c>chat template</c>, say.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FormatException">It is not text.</exception>
    internal static string Read(string path, string what)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no {what} {path}.", path);
        try
        {
            using var reader = new StreamReader(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException fault)
        {
            throw new FormatException($"{path} is not UTF-8 text: {fault.Message}", fault);
        }
    }
}
