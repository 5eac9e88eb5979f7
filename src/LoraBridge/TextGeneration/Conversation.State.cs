using System.Globalization;
using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.TextGeneration.Lanes;

namespace LoraBridge.TextGeneration;

/// <content>Saving and restoring what the model has read.</content>
public abstract partial class Conversation
{
    /// <summary>
    /// Saves what the model has read so far, so that a conversation can go on later, or elsewhere, as if it had never stopped, bit for
    /// bit, and without reading anything again. The turns are not part of it: save the <see cref="ChatHistory"/> beside it; nor is what an
    /// activated adapter (aLoRA) has computed, which is read again.
    /// </summary>
    /// <param name="path">Where to write; replaced if it exists.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="InvalidOperationException">Nothing was read yet.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The conversation was disposed.</exception>
    public void SaveState(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        BetweenTurns(() =>
        {
            var state = _host.Export(_client)
                ?? throw new InvalidOperationException("The model has read nothing of this conversation yet: there is no state to save.");
            var saved = new ConversationState(OriginOf(state.Adapters), state.Tokens, state.Data);
            AtomicFile.Write(path, overwrite: true, saved.Write);
        });
    }

    /// <summary>
    /// Restores what <see cref="SaveState"/> saved. Restore the turns, too: what differs from the text that was read is computed again.
    /// </summary>
    /// <param name="path">The file. Use files from trusted sources only: the native library reads it.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or no state of a conversation.</exception>
    /// <exception cref="InvalidOperationException">
    /// It was saved with another model, other adapters or scales, another native build, or in a longer context.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The conversation was disposed.</exception>
    public void RestoreState(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ThrowIfDisposed();
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file {path}.", path);
        using var stream = File.OpenRead(path);
        var saved = ConversationState.Read(stream);
        BetweenTurns(() =>
        {
            var adapters = CurrentAdapters();
            var origin = OriginOf(adapters.Lasting);
            if (saved.Origin != origin)
                throw new InvalidOperationException($"{path} was saved with:\n{saved.Origin}\nExpected, as this conversation has it:\n{origin}");
            if (saved.Tokens.Length > _client.Length)
                throw new InvalidOperationException($"{path} holds {saved.Tokens.Length} tokens, but the context of this conversation only {_client.Length}.");
            _host.Import(_client, new EvictedState(saved.Tokens, adapters.Lasting, saved.Data));
        });
    }

    private string OriginOf(AdapterSet adapters) => string.Join('\n',
    [
        $"model {FileFingerprint.Of(_core.Files)}",
        $"native build {LlamaBuild.Loaded.Name}",
        .. adapters.Entries.Select(entry => string.Create(CultureInfo.InvariantCulture, $"adapter {entry.Adapter.ContentHash} with scale {entry.Scale:R}")),
    ]);
}
