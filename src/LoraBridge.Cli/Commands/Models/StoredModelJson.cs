using System.Text.Json;
using LoraBridge.Cli.Output;
using LoraBridge.Model;

namespace LoraBridge.Cli.Commands.Models;

/// <summary>How the tool shows a model that is on this machine.</summary>
internal static class StoredModelJson
{
    internal static void Write(Utf8JsonWriter json, StoredModel model)
    {
        json.WriteString("id", model.Id);
        json.WriteString("path", model.Path);
        json.WriteNumber("bytes", model.Bytes);
        json.WriteString("sha256", model.Sha256);
        json.WriteBoolean("verified", model.Verified);
        json.WriteBoolean("downloaded", model.Downloaded);
    }

    internal static void Report(this CommandSession session, StoredModel model) => session.Report(
        json => Write(json, model),
        console => console.Write(PlainConsole.Facts(
            ("model", model.Id),
            ("path", model.Path),
            ("size", Units.Bytes(model.Bytes)),
            ("sha256", model.Sha256),
            ("verified", model.Verified ? "yes" : "no: nothing says what its SHA-256 must be"),
            ("licence", model.License))));
}
